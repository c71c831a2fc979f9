"""Recipe R1 in PyTorch DDP: trains until the test accuracy is reached, one JSON object an epoch.

{"epoch": …, "seconds": of training so far, evaluations left out, "accuracy": on the test set}
"""

import json
import sys
import time

from ddp import arguments, join, launch, training_step


def main() -> None:
    options = arguments()
    if options.rank is None:
        launch(options)
    else:
        race(options)


def race(options) -> None:
    import numpy as np
    import torch
    import torch.distributed as dist

    join(options)
    training = training_step(options)
    for line in sys.stdin:
        command = line.split()
        if command[0] == "quit":
            break
        goal, epochs = float(command[1]), int(command[2])
        pixels = np.fromfile(f"{options.data}/test-pixels.u8", np.uint8).reshape(-1, 1, 28, 28)
        labels = np.fromfile(f"{options.data}/test-labels.u8", np.uint8)
        images = torch.from_numpy(pixels.astype(np.float32) / 255)
        targets = torch.from_numpy(labels.astype(np.int64))
        seconds = 0.0
        for epoch in range(1, epochs + 1):
            training.shuffle(epoch)
            dist.barrier()
            started = time.perf_counter()
            for _ in range(training.steps_per_epoch):
                training.step()
            dist.barrier()
            seconds += time.perf_counter() - started
            training.module.eval()
            with torch.inference_mode():
                right = sum(
                    int((training.module(x).argmax(1) == y).sum())
                    for x, y in zip(images.split(500), targets.split(500))
                )
            training.module.train()
            # Every rank has the same weights but its own moving statistics: rank 0 decides.
            accuracy = torch.tensor([right / len(targets)])
            dist.broadcast(accuracy, 0)
            if options.rank == 0:
                print(json.dumps({"epoch": epoch, "seconds": seconds, "accuracy": accuracy.item()}))
                sys.stdout.flush()
            if accuracy.item() >= goal:
                break
        if options.rank == 0:
            print(json.dumps({"done": True}), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
