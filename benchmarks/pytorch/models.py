"""The built-in networks of Lockstep, written as a PyTorch user would write them.

Layouts, initial values and dropout streams differ; the layers, their sizes and their order do
not. The benchmark compares the numbers of trainable parameters of both sides.
"""

from torch import nn


def lenet5() -> nn.Module:
    """R1: five blocks of conv, ReLU, max pool, batch norm, dropout; three dense layers."""
    layers: list[nn.Module] = []
    channels = 1
    for filters in (32, 64, 128, 256, 256):
        layers += [
            nn.Conv2d(channels, filters, 3, padding=1),
            nn.ReLU(inplace=True),
            # ceil_mode is what TensorFlow calls "same": 28, 14, 7, 4, 2, 1.
            nn.MaxPool2d(2, 2, ceil_mode=True),
            nn.BatchNorm2d(filters),
            nn.Dropout(0.1),
        ]
        channels = filters
    layers.append(nn.Flatten())
    for inputs, units in ((256, 256), (256, 128)):
        layers += [nn.Linear(inputs, units), nn.ReLU(inplace=True), nn.Dropout(0.2)]
    layers.append(nn.Linear(128, 10))
    return nn.Sequential(*layers)


def hybrid() -> nn.Module:
    """R5: four convolutions, two 3 × 3 pools, under 300,000 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3),
        nn.Dropout(0.2),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(64, 128, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(1152, 32),
        nn.ReLU(inplace=True),
        nn.Dropout(0.4),
        nn.Linear(32, 10),
    )


def cnn2bn() -> nn.Module:
    """R4: two convolutions with batch norm before the ReLU (and so no bias); three dense layers."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2304, 600),
        nn.Dropout(0.25),
        nn.Linear(600, 120),
        nn.Linear(120, 10),
    )


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Linear(256, 128),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Linear(128, 10),
    )


MODELS = {"lenet5": lenet5, "hybrid": hybrid, "cnn2bn": cnn2bn, "mlp": mlp}
