"""Keras 3 on TensorFlow as a rival: one process, the training step in a `tf.function`.

A long-lived child process of the benchmark, which takes commands as ddp.py does: `run N`, `quit`.
"""

import argparse
import json
import os
import sys
import time


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="what lib/model-spec.mjs has written")
    parser.add_argument("--data", required=True, help="folder of train-pixels.u8, train-labels.u8")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--intra", type=int, default=0, help="threads of an operation; 0: its own choice")
    parser.add_argument("--inter", type=int, default=0, help="operations at once; 0: its own choice")
    parser.add_argument("--jit", action="store_true", help="XLA")
    return parser.parse_args()


def build(spec: str):
    import keras

    with open(spec) as file:
        nodes = json.load(file)
    values = []
    for node in nodes:
        config = node["config"]
        inputs = [values[each] for each in node["inputs"]]
        kind, activation = node["kind"], config.get("activation")
        own = {"activation": None if activation in ("softmax", "linear") else activation}
        if kind == "InputLayer":
            values.append(keras.Input(node["shape"][1:]))
        elif kind == "Conv2D":
            layer = keras.layers.Conv2D(
                config["filters"],
                config["kernelSize"],
                strides=config["strides"],
                padding=config["padding"],
                use_bias=config["useBias"],
                **own,
            )
            values.append(layer(*inputs))
        elif kind == "MaxPooling2D":
            layer = keras.layers.MaxPooling2D(
                config["poolSize"], strides=config["strides"], padding=config["padding"]
            )
            values.append(layer(*inputs))
        elif kind == "BatchNormalization":
            layer = keras.layers.BatchNormalization(
                momentum=config["momentum"],
                epsilon=config["epsilon"],
                center=config["center"],
                scale=config["scale"],
            )
            values.append(layer(*inputs))
        elif kind == "Dense":
            values.append(
                keras.layers.Dense(config["units"], use_bias=config["useBias"], **own)(*inputs)
            )
        elif kind == "Dropout":
            values.append(keras.layers.Dropout(config["rate"])(*inputs))
        elif kind == "Flatten":
            values.append(keras.layers.Flatten()(*inputs))
        elif kind == "ReLU":
            values.append(keras.layers.ReLU()(*inputs))
        elif kind == "Add":
            values.append(keras.layers.Add()(inputs))
        elif kind == "GlobalAveragePooling2D":
            values.append(keras.layers.GlobalAveragePooling2D()(*inputs))
        else:
            raise ValueError(f"no {kind} here")
    return keras.Model(values[0], values[-1])


def main() -> None:
    options = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.intra)
    tf.config.threading.set_inter_op_parallelism_threads(options.inter)
    keras.utils.set_random_seed(1)
    model = build(options.spec)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(0.001)
    optimizer.build(model.trainable_variables)
    pixels = np.fromfile(f"{options.data}/train-pixels.u8", np.uint8).reshape(-1, 28, 28, 1)
    labels = np.fromfile(f"{options.data}/train-labels.u8", np.uint8).astype(np.int32)
    images = pixels.astype(np.float32) / 255

    @tf.function(jit_compile=options.jit)
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        )
        return loss

    order = np.random.default_rng(1).permutation(len(labels))
    at = 0

    def step():
        nonlocal at
        if at + options.batch > len(order):
            at = 0
        chosen = order[at : at + options.batch]
        at += options.batch
        return train(images[chosen], labels[chosen])

    for _ in range(3):
        step()
    parameters = sum(int(np.prod(each.shape)) for each in model.trainable_variables)
    say({"ready": True, "keras": keras.__version__, "tensorflow": tf.__version__,
         "parameters": parameters, **vars(options)})  # fmt: skip
    for line in sys.stdin:
        command = line.split()
        if command[0] == "quit":
            break
        steps = int(command[1])
        began = time.perf_counter()
        for _ in range(steps):
            loss = step()
        loss = float(loss)
        seconds = time.perf_counter() - began
        say({"seconds": seconds, "samples": steps * options.batch, "loss": loss})


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


main()
