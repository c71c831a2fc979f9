"""PyTorch inference as a rival: the 10,000 test images, as a long-lived child of the benchmark.

Standard input, one command a line: `run N` makes N passes over the test set and answers
{"seconds": …, "samples": …, "correct": …}; `quit`. Either one process with several threads, or
several processes (`--ranks`) of one thread each, which share the images out among them.
"""

import argparse
import json
import os
import subprocess
import sys
import time


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, help="folder of test-pixels.u8, test-labels.u8")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument("--freeze", action="store_true", help="trace, freeze, optimize for inference")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.rank is None and options.ranks > 1:
        launch(options)
    else:
        serve(options)


def launch(options: argparse.Namespace) -> None:
    """One process a rank; answers with the time until the last one is done."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    ranks = [
        subprocess.Popen(
            [sys.executable, *sys.argv, f"--rank={rank}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for rank in range(options.ranks)
    ]
    first = [json.loads(rank.stdout.readline()) for rank in ranks]
    say(first[0])
    for line in sys.stdin:
        started = time.perf_counter()
        for rank in ranks:
            rank.stdin.write(line)
            rank.stdin.flush()
        if line.strip() == "quit":
            break
        answers = [json.loads(rank.stdout.readline()) for rank in ranks]
        seconds = time.perf_counter() - started
        total = {key: sum(answer[key] for answer in answers) for key in ("samples", "correct")}
        say({"seconds": seconds, **total})
    sys.exit(max(abs(rank.wait()) for rank in ranks))


def serve(options: argparse.Namespace) -> None:
    import numpy as np
    import torch

    from models import MODELS

    torch.set_num_threads(1 if options.ranks > 1 else options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    model = MODELS[options.model]().to(memory_format=torch.channels_last).eval()
    pixels = np.fromfile(f"{options.data}/test-pixels.u8", np.uint8).reshape(-1, 1, 28, 28)
    labels = np.fromfile(f"{options.data}/test-labels.u8", np.uint8)
    own = slice(options.rank or 0, None, options.ranks)
    images = torch.from_numpy(pixels[own].astype(np.float32) / 255)
    images = images.to(memory_format=torch.channels_last)
    targets = torch.from_numpy(labels[own].astype(np.int64))
    with torch.inference_mode():
        if options.freeze:
            traced = torch.jit.trace(model, images[: options.batch])
            model = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        one_pass(model, images, targets, options.batch)
        say({"ready": True, "torch": torch.__version__, **vars(options)})
        for line in sys.stdin:
            command = line.split()
            if command[0] == "quit":
                break
            passes = int(command[1])
            started = time.perf_counter()
            for _ in range(passes):
                correct = one_pass(model, images, targets, options.batch)
            seconds = time.perf_counter() - started
            say({"seconds": seconds, "samples": passes * len(targets), "correct": correct})


def one_pass(model, images, targets, batch: int) -> int:
    """Loss and accuracy, as an evaluation has them."""
    import torch

    correct, loss = 0, 0.0
    for first in range(0, len(targets), batch):
        logits = model(images[first : first + batch])
        wanted = targets[first : first + batch]
        loss += torch.nn.functional.cross_entropy(logits, wanted, reduction="sum").item()
        correct += int((logits.argmax(1) == wanted).sum())
    return correct


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
