import t from 'tap';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ImageShape } from '#src/shared/data/image-set.js';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { readWeights, rowLayout, writeWeights } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { referenceEngine } from '#src/worker/engine/reference/engine.js';
import { load } from '#src/worker/engine/reference/load.js';

const SEED = 7;
const IMAGE: ImageShape = { height: 4, width: 4, channels: 2 };
const CLASSES = 3;

/** Engine, layout and arena of one thread; the weights stand at address 64. */
async function start(model: LayersModel, image = IMAGE, classes = CLASSES, weights?: Float32Array) {
  const layout = rowLayout(model);
  const flat = weights ?? initialWeights(model, layout, SEED, 'seeded');
  const built = await referenceEngine.build({
    model,
    layout,
    image,
    classes,
    microBatch: 8,
    seed: SEED,
    labelSmoothing: 0,
    fastMath: false,
  });
  const arena = new WebAssembly.Memory({ initial: 400, maximum: 400, shared: true });
  new Float32Array(arena.buffer, 64, flat.length).set(flat);
  const rowAddress = 64 * Math.ceil((64 + 4 * flat.length) / 64);
  const row = new Float32Array(arena.buffer, rowAddress, layout.rowLength);
  const engine = await load(structuredClone(built), {
    arena,
    weights: 64,
    shared: 0,
    thread: 0,
    index: 0,
  });
  await engine.prepare(0, 1);
  const gradients = async (batch: MicroBatch) => {
    const marks: number[] = [];
    row.fill(NaN);
    const correct = await engine.gradients(batch, rowAddress, (n) => marks.push(n));
    return { row: Float32Array.from(row), correct, marks };
  };
  return { layout, flat, built, engine, gradients, arena };
}

/** Pixels, labels and sample numbers from a small fixed generator. */
function batchOf(size: number, image = IMAGE, classes = CLASSES): MicroBatch {
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
  const pixels = Uint8Array.from(
    { length: size * image.height * image.width * image.channels },
    () => next() & 255,
  );
  const labels = Uint16Array.from({ length: size }, () => next() % classes);
  const samples = Uint32Array.from({ length: size }, () => next());
  return { step: 3, index: 0, count: 1, pixels, labels, samples, size };
}

function part(batch: MicroBatch, first: number, size: number): MicroBatch {
  const bytes = batch.pixels.length / batch.size;
  return {
    ...batch,
    size,
    pixels: batch.pixels.slice(first * bytes, (first + size) * bytes),
    labels: batch.labels.slice(first, first + size),
    samples: batch.samples.slice(first, first + size),
  };
}

const convNet = (dropout = 0.25) =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [4, 4, 2], activation: 'tanh' }),
      tf.layers.batchNormalization({ momentum: 0.8 }),
      tf.layers.dropout({ rate: dropout }),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
  });

t.test('loss and gradients of a dense layer are those of the formula', async (t) => {
  const image = { height: 1, width: 1, channels: 2 };
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [1, 1, 2] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  // Kernel [[1, 2], [3, −1]], bias [0.5, 0]; pixels 51 and 102 are 0.2 and 0.4.
  const weights = Float32Array.of(1, 2, 3, -1, 0.5, 0);
  const { gradients } = await start(model, image, 2, weights);
  const { row, correct, marks } = await gradients({
    ...batchOf(1, image, 2),
    pixels: Uint8Array.of(51, 102),
    labels: Uint16Array.of(1),
  });
  const logits = [0.2 + 3 * 0.4 + 0.5, 0.4 - 0.4]; // 1.9, 0
  const p0 = Math.exp(logits[0]!) / (Math.exp(logits[0]!) + Math.exp(logits[1]!));
  const expected = [0.2 * p0, -0.2 * p0, 0.4 * p0, -0.4 * p0, p0, -p0, -Math.log(1 - p0)];
  t.equal(row.length, 7);
  expected.forEach((value, i) => t.ok(Math.abs(row[i]! - value) < 1e-6, `element ${i}`));
  t.equal(correct, 0);
  t.same(marks, [7]);
});

t.test('gradients agree with finite differences through conv, batch norm, dropout', async (t) => {
  const model = convNet();
  const batch = batchOf(5);
  const base = await start(model);
  const { row } = await base.gradients(batch);
  const step = 4e-3;
  const lossAt = async (element: number, change: number) => {
    const moved = Float32Array.from(base.flat);
    moved[element]! += change;
    const { gradients, layout } = await start(model, IMAGE, CLASSES, moved);
    return (await gradients(batch)).row[layout.lossOffset]!;
  };
  for (let element = 0; element < base.layout.trainableLength; element += 7) {
    const slope = ((await lossAt(element, step)) - (await lossAt(element, -step))) / (2 * step);
    t.ok(Math.abs(row[element]! - slope) < 5e-3, `element ${element}: ${row[element]} ${slope}`);
  }
});

t.test('a row is the sum of the rows of its samples', async (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [4, 4, 2], activation: 'relu' }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES }),
    ],
  });
  const { gradients, layout } = await start(model);
  const batch = batchOf(3);
  const whole = (await gradients(batch)).row;
  const sum = new Float64Array(layout.rowLength);
  for (let i = 0; i < 3; i++) {
    (await gradients(part(batch, i, 1))).row.forEach((value, e) => (sum[e]! += value));
  }
  whole.forEach((value, e) => t.ok(Math.abs(value - sum[e]!) < 1e-5, `element ${e}`));
});

t.test('the same call gives the same bits, another step another dropout', async (t) => {
  const { gradients } = await start(convNet());
  const again = await start(convNet());
  const batch = batchOf(4);
  const { row } = await gradients(batch);
  t.same(row, (await gradients(batch)).row);
  t.same(row, (await again.gradients(batch)).row);
  t.notSame(row, (await gradients({ ...batch, step: 4 })).row);
});

t.test('batch norm terms add up to tfjs’s own updates one after another', async (t) => {
  const model = convNet(0);
  const { gradients, layout, flat } = await start(model);
  const batch = batchOf(6);
  const expected = layout.moving.map(({ offset, length }) =>
    Float64Array.from(flat.subarray(offset, offset + length), (value) => 0.8 ** 3 * value),
  );
  writeWeights(model, layout, flat);
  for (let i = 0; i < 3; i++) {
    const micro = { ...part(batch, 2 * i, 2), index: i, count: 3 };
    const { row } = await gradients(micro);
    layout.moving.forEach(({ offset, length }, m) => {
      for (let e = 0; e < length; e++) expected[m]![e]! += row[offset + e]!;
    });
    const images = tf.tensor(
      Float32Array.from(micro.pixels, (b) => b / 255),
      [2, 4, 4, 2],
    );
    model.apply(images, { training: true });
  }
  const moved = readWeights(model, layout);
  layout.moving.forEach(({ offset, length }, m) => {
    for (let e = 0; e < length; e++) {
      t.ok(Math.abs(moved[offset + e]! - expected[m]![e]!) < 1e-6, `${m} ${e}`);
    }
  });
});

t.test('inference is the tfjs model’s own prediction', async (t) => {
  const model = convNet();
  const { engine, layout, flat } = await start(model);
  const batch = batchOf(5);
  const out = new Float32Array(5 * CLASSES);
  await engine.predict(batch, out);
  writeWeights(model, layout, flat);
  const images = tf.tensor(
    Float32Array.from(batch.pixels, (b) => b / 255),
    [5, 4, 4, 2],
  );
  const own = (model.predict(images) as ReturnType<typeof tf.tensor>).dataSync();
  own.forEach((value, i) => t.ok(Math.abs(value - out[i]!) < 1e-6));
  const { lossSum, correct } = await engine.evaluate(batch);
  let loss = 0;
  let right = 0;
  batch.labels.forEach((label, i) => {
    const row = own.slice(i * CLASSES, (i + 1) * CLASSES);
    loss -= Math.log(row[label]!);
    if (row.indexOf(Math.max(...row)) === label) right += 1;
  });
  t.ok(Math.abs(lossSum - loss) < 1e-5);
  t.equal(correct, right);
});

t.test('frozen layers get no gradient, frozen batch norm uses its moving statistics', async (t) => {
  const model = convNet(0);
  model.layers[0]!.trainable = false;
  model.layers[1]!.trainable = false;
  const { gradients, engine, layout } = await start(model);
  t.same(
    layout.trainable.map(({ label }) => label),
    ['5:dense/kernel', '5:dense/bias'],
  );
  const batch = batchOf(4);
  const { row } = await gradients(batch);
  t.equal(row[layout.lossOffset], (await engine.evaluate(batch)).lossSum);
});

t.test('the digest holds what decides the bits and no names', async (t) => {
  const digest = async (model: LayersModel) => (await start(model)).built.digest;
  const one = await digest(convNet());
  t.equal(one, await digest(convNet()), 'tfjs has counted names up');
  t.not(one, await digest(convNet(0.3)));
});

t.test('nothing is left behind in tfjs from call to call', async (t) => {
  const { gradients, engine } = await start(convNet());
  const batch = batchOf(4);
  await gradients(batch);
  const before = tf.memory().numTensors;
  await gradients(batch);
  await engine.evaluate(batch);
  await engine.predict(batch, new Float32Array(12));
  await engine.prepare(0, 1);
  t.equal(tf.memory().numTensors, before);
});

t.test('layers with tfjs’s own randomness are refused by name', async (t) => {
  const noisy = tf.sequential({
    layers: [
      tf.layers.gaussianNoise({ stddev: 1, inputShape: [4, 4, 2] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  t.match(referenceEngine.refuses(noisy), { reason: /1:gaussianNoise/ });
  for (const { build } of Object.values(CATALOGUE)) {
    t.equal(referenceEngine.refuses(build({ height: 28, width: 28, channels: 1 }, 10)), null);
  }
});
