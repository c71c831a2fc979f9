"""A built-in model of Lockstep as a PyTorch module, from what `lib/model-spec.mjs` writes."""

import json

import torch
from torch import nn
from torch.nn import functional


class SpecModel(nn.Module):
    """Layers in the order in which they run; the last softmax is left to the loss."""

    def __init__(self, path: str) -> None:
        super().__init__()
        with open(path) as file:
            self.nodes = json.load(file)
        layers = [build(node, self.nodes) for node in self.nodes]
        self.layers = nn.ModuleList(layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values: list[torch.Tensor] = []
        for node, layer in zip(self.nodes, self.layers):
            inputs = [values[each] for each in node["inputs"]]
            values.append(images if node["kind"] == "InputLayer" else layer(*inputs))
        return values[-1]


def build(node: dict, nodes: list[dict]) -> nn.Module:
    kind, config = node["kind"], node["config"]
    before = nodes[node["inputs"][0]]["shape"] if node["inputs"] else None
    if kind == "InputLayer":
        return nn.Identity()
    if kind == "Conv2D":
        layer: nn.Module = Conv(config, before, node["shape"])
    elif kind == "MaxPooling2D":
        layer = Pool(config, before, node["shape"])
    elif kind == "BatchNormalization":
        layer = nn.BatchNorm2d(before[-1]) if len(before) == 4 else nn.BatchNorm1d(before[-1])
        layer.eps, layer.momentum = config["epsilon"], 1 - config["momentum"]
    elif kind == "Dense":
        layer = nn.Linear(before[-1], config["units"], bias=config["useBias"])
    elif kind == "Dropout":
        layer = nn.Dropout(config["rate"])
    elif kind == "Flatten":
        layer = nn.Flatten()
    elif kind == "ReLU":
        layer = nn.ReLU()
    elif kind == "Add":
        layer = Add()
    elif kind == "GlobalAveragePooling2D":
        layer = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    else:
        raise ValueError(f"no {kind} here")
    return layer if config.get("activation") != "relu" else nn.Sequential(layer, nn.ReLU())


class Add(nn.Module):
    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return one + other


def around(config: dict, window: list[int], before: list[int], after: list[int]) -> list[int]:
    """What `same` padding adds: left, right, top, bottom, as TensorFlow has it."""
    if config["padding"] != "same":
        return [0, 0, 0, 0]
    pads: list[int] = []
    for axis in (1, 0):
        size, out = before[axis + 1], after[axis + 1]
        total = max(0, (out - 1) * config["strides"][axis] + window[axis] - size)
        pads += [total // 2, total - total // 2]
    return pads


class Conv(nn.Module):
    def __init__(self, config: dict, before: list[int], after: list[int]) -> None:
        super().__init__()
        window = config["kernelSize"]
        self.pads = around(config, window, before, after)
        even = self.pads[0] == self.pads[1] and self.pads[2] == self.pads[3]
        inside = (self.pads[2], self.pads[0]) if even else 0
        if even:
            self.pads = [0, 0, 0, 0]
        self.conv = nn.Conv2d(
            before[-1],
            config["filters"],
            tuple(window),
            stride=tuple(config["strides"]),
            padding=inside,
            bias=config["useBias"],
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(functional.pad(x, self.pads) if any(self.pads) else x)


class Pool(nn.Module):
    def __init__(self, config: dict, before: list[int], after: list[int]) -> None:
        super().__init__()
        pads = around(config, config["poolSize"], before, after)
        # At the lower and right end only, which is what `ceil_mode` leaves out of the maximum.
        assert pads[0] == 0 and pads[2] == 0
        self.pool = nn.MaxPool2d(
            tuple(config["poolSize"]), tuple(config["strides"]), ceil_mode=any(pads)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(x)
