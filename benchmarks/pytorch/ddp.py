"""PyTorch DistributedDataParallel as a rival: gloo, one process a core, one thread a process.

A long-lived child process of the benchmark. Standard input, one command a line:

    run N     N whole training steps; answers {"seconds": …, "samples": …, "loss": …, "cpu": …},
              the last one rank 0's processor time, which tells a busy machine from a slow rank
    quit

Standard output: one JSON object a line, first {"ready": true, …} with versions and settings.
This process starts one rank a process and passes the commands on; rank 0 answers. Between two
commands the ranks sleep in a read, so that the other side has the cores to itself.
"""

import argparse
import json
import os
import sys
import time

import ranks


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--spec", help="what lib/model-spec.mjs has written, in place of a model here")
    parser.add_argument("--data", required=True, help="folder of train-pixels.u8, train-labels.u8")
    parser.add_argument("--batch", type=int, default=256, help="global batch, over all ranks")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--bucket-mb", type=float, default=25)
    parser.add_argument("--adam", choices=["foreach", "fused", "loop"], default="fused")
    parser.add_argument("--layout", choices=["channels-last", "contiguous"], default="channels-last")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--pin", action="store_true", help="rank r on core r only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--hosts",
        type=json.loads,
        help='where ranks run, JSON: [{"command": […], "address": "10.0.0.1", "interface": "eth0"}, …]',
    )
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.rank is None:
        launch(options)
    else:
        serve(options)


def launch(options: argparse.Namespace) -> None:
    environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if options.hosts:
        environment["GLOO_SOCKET_IFNAME"] = options.hosts[0]["interface"]
    prefixes = [host["command"] for host in options.hosts or []] or [[]] * options.ranks
    ranks.pass_on(ranks.start(prefixes, environment))


def join(options: argparse.Namespace) -> None:
    """One thread for this rank, and the process group where there is more than one."""
    import torch
    import torch.distributed as dist

    if options.pin:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[options.rank % len(cores)]})
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    if options.ranks > 1:
        dist.init_process_group(
            "gloo",
            init_method=f"tcp://{options.hosts[0]['address'] if options.hosts else '127.0.0.1'}:{options.port}",
            rank=options.rank,
            world_size=options.ranks,
        )


def serve(options: argparse.Namespace) -> None:
    import torch
    import torch.distributed as dist

    join(options)
    single = options.ranks == 1
    training = training_step(options)
    for _ in range(3):
        training.step()
    if options.rank == 0:
        settings = {key: value for key, value in vars(options).items() if key not in ("rank", "port", "hosts")}
        say({"ready": True, "torch": torch.__version__, "parameters": training.parameters, **settings})
    for line in sys.stdin:
        command = line.split()
        if command[0] == "quit":
            break
        steps = int(command[1])
        if not single:
            dist.barrier()
        started, busy = time.perf_counter(), time.process_time()
        for _ in range(steps):
            loss = training.step()
        if not single:
            dist.barrier()
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        if options.rank == 0:
            samples = steps * options.batch
            say({"seconds": seconds, "samples": samples, "loss": loss.item(), "cpu": busy})
    if not single:
        dist.destroy_process_group()


class Training:
    """One rank of a training run: `step()` takes a whole step and returns its loss."""

    def __init__(self, module, model, optimizer, images, targets, options) -> None:
        from torch import nn

        self.module = module
        self.parameters = sum(parameter.numel() for parameter in module.parameters())
        self.model = model
        self.optimizer = optimizer
        self.criterion = nn.CrossEntropyLoss()
        self.images = images
        self.targets = targets
        self.options = options
        self.memory_format = layout(options)
        self.local = options.batch // options.ranks
        self.steps_per_epoch = len(targets) // options.batch
        self.shuffle(0)

    def shuffle(self, epoch: int) -> None:
        """A new order of the whole set, of which each rank takes its share."""
        import torch

        generator = torch.Generator().manual_seed(self.options.seed * 1000 + epoch)
        order = torch.randperm(len(self.targets), generator=generator)
        self.order = order[self.options.rank or 0 :: self.options.ranks]
        self.position = 0

    def step(self):
        if self.position + self.local > len(self.order):
            self.position = 0
        chosen = self.order[self.position : self.position + self.local]
        self.position += self.local
        x = self.images.index_select(0, chosen).to(memory_format=self.memory_format)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.criterion(self.model(x), self.targets.index_select(0, chosen))
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def layout(options: argparse.Namespace):
    import torch

    return torch.channels_last if options.layout == "channels-last" else torch.contiguous_format


def training_step(options: argparse.Namespace) -> Training:
    import numpy as np
    import torch
    from torch.nn.parallel import DistributedDataParallel

    from models import MODELS
    from spec_model import SpecModel

    module = SpecModel(options.spec) if options.spec else MODELS[options.model]()
    module = module.to(memory_format=layout(options))
    module.train()
    model = module
    if options.ranks > 1:
        model = DistributedDataParallel(
            module,
            bucket_cap_mb=options.bucket_mb,
            gradient_as_bucket_view=True,
            static_graph=True,
            # Lockstep keeps no statistics of other workers' batches either: nothing to send.
            forward_sync_buffers=False,
        )
    if options.compile:
        model = torch.compile(model)
    adam = {"foreach": {"foreach": True}, "fused": {"fused": True}, "loop": {"foreach": False}}
    optimizer = torch.optim.Adam(module.parameters(), lr=0.001, **adam[options.adam])

    # The whole set in memory, decoded and scaled beforehand: only the gather is timed.
    pixels = np.fromfile(f"{options.data}/train-pixels.u8", np.uint8).reshape(-1, 1, 28, 28)
    labels = np.fromfile(f"{options.data}/train-labels.u8", np.uint8)
    images = torch.from_numpy(pixels.astype(np.float32) / 255)
    targets = torch.from_numpy(labels.astype(np.int64))
    return Training(module, model, optimizer, images, targets, options)


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
