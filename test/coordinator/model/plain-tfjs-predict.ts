/**
 * A tfjs program that knows nothing of Lockstep: loads the model.json named on its command line
 * and prints its predictions for images of a fixed pattern. Started as a process of its own.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const path = process.argv[2]!;
const json = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
const model = await tf.loadLayersModel({
  load: async () => {
    const manifest = json.weightsManifest;
    const file = await readFile(join(dirname(path), manifest[0]!.paths[0]!));
    return {
      modelTopology: json.modelTopology,
      weightSpecs: manifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(file).buffer,
    };
  },
});
const shape = model.inputs[0]!.shape.map((size) => size ?? 2);
const size = shape.reduce((product, length) => product * length, 1);
const images = tf.tensor(
  Float32Array.from({ length: size }, (_, i) => ((i * 7) % 256) / 255),
  shape,
);
const probabilities = model.predict(images) as tf.Tensor;
console.log(JSON.stringify([...probabilities.dataSync()]));
