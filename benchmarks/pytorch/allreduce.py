"""All-reduce of one float32 tensor in PyTorch's gloo, as a contender: see ddp.py.

A "sample" is one all-reduce. Rank 0 answers; before each timed run the ranks meet.
"""

import argparse
import json
import os
import sys
import time

import ranks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, required=True)
    parser.add_argument("--elements", type=int, required=True)
    parser.add_argument("--rank", type=int)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    if options.rank is None:
        launch(options)
    else:
        serve(options)


def launch(options: argparse.Namespace) -> None:
    environment = dict(os.environ, OMP_NUM_THREADS="1", GLOO_SOCKET_IFNAME="lo")
    ranks.pass_on(ranks.start([[]] * options.ranks, environment))


def serve(options: argparse.Namespace) -> None:
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"tcp://127.0.0.1:{options.port}",
        rank=options.rank,
        world_size=options.ranks,
    )
    row = torch.arange(options.elements, dtype=torch.float32).remainder(1000) / 1000
    if options.rank == 0:
        print(json.dumps({"ready": True, "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        steps = int(line.split()[1])
        dist.barrier()
        began = time.perf_counter()
        for _ in range(steps):
            # A step's gradients are made anew: what is summed is not last time's sum.
            sums = row.clone()
            dist.all_reduce(sums)
        seconds = time.perf_counter() - began
        if options.rank == 0:
            print(json.dumps({"seconds": seconds, "samples": steps}), flush=True)
    dist.destroy_process_group()


main()
