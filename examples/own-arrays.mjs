// A model of your own, trained on arrays of your own, in a program of your own:
//
//   node examples/own-arrays.mjs [RUN-FOLDER]
//
// The images are stripes that lean to one of three sides, in noise. A run folder is made as by
// `lockstep train`; without a name it is runs/<timestamp>-object.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, tf, train } from 'lockstep';

const SIZE = 12;
const CLASSES = ['rising', 'falling', 'upright'];

/** Whole numbers from 0 to below `end`: the same ones at each start of this program. */
function generator(seed) {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * end);
  };
}

/** images: uint8 [count, SIZE, SIZE, 1]; labels: uint8 [count]. */
function makeStripes(count, random) {
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = Uint8Array.from({ length: count }, () => random(CLASSES.length));
  labels.forEach((label, i) => {
    const phase = random(6);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const across = [x + y, x - y + SIZE, x][label] + phase;
        const bright = across % 6 < 3 ? 128 : 0;
        images[(i * SIZE + y) * SIZE + x] = bright + random(128);
      }
    }
  });
  return { images, labels };
}

function makeModel() {
  const { conv2d, maxPooling2d, batchNormalization, globalAveragePooling2d, dense } = tf.layers;
  return tf.sequential({
    layers: [
      conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [SIZE, SIZE, 1] }),
      maxPooling2d({ poolSize: 2 }),
      batchNormalization({ momentum: 0.9 }),
      conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      globalAveragePooling2d({}),
      dense({ units: CLASSES.length, activation: 'softmax' }),
    ],
  });
}

/** What a run has saved, read back by TensorFlow.js alone. */
async function loadTrained(folder) {
  const { modelTopology, weightsManifest } = JSON.parse(
    await readFile(join(folder, 'model.json'), 'utf8'),
  );
  const { paths, weights: weightSpecs } = weightsManifest[0];
  const weightData = new Uint8Array(await readFile(join(folder, paths[0]))).buffer;
  return tf.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
}

const random = generator(1);
const test = makeStripes(300, random);
try {
  const summary = await train({
    model: makeModel(),
    data: {
      train: makeStripes(1500, random),
      test,
      shape: { height: SIZE, width: SIZE, channels: 1 },
      classes: CLASSES,
    },
    epochs: 4,
    batchSize: 64,
    microBatch: 16,
    learningRate: 0.01,
    out: process.argv[2],
    observer: {
      notice: (text) => console.log(text),
      started: ({ threads }) => console.log(`training on ${threads} threads`),
      step: () => undefined,
      epoch: ({ epoch, loss, testAccuracy }) =>
        console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, test accuracy ${testAccuracy}`),
      finished: () => undefined,
    },
  });
  console.log(`test accuracy ${summary.testAccuracy}, weights ${summary.weightsDigest}`);

  const model = await loadTrained(join(summary.run, 'model'));
  const first = tf.tensor(test.images.slice(0, SIZE * SIZE), [1, SIZE, SIZE, 1]).div(255);
  const [guess] = await model.predict(first).argMax(1).data();
  console.log(`the first test image: ${CLASSES[guess]} (is ${CLASSES[test.labels[0]]})`);
} catch (error) {
  if (!(error instanceof LockstepError)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.hint ?? ''}`);
  process.exitCode = 1;
}
