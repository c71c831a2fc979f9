import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import t from 'tap';
import { tf } from '#src/shared/model/tfjs.js';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout, writeWeights } from '#src/shared/model/layout.js';
import { conv2dByTaps } from '#src/worker/engine/conv2d-by-taps.js';
import { forwardOf, type Forward } from '#src/worker/engine/forward.js';
import { compileFunction } from '#src/worker/engine/tensorflow/compile/compile.js';
import { Session } from '#src/worker/engine/tensorflow/compile/session.js';
import { tensorflowForTests } from './install.js';

t.setTimeout(900_000);
const { binding, backend } = await tensorflowForTests();
const IMAGE = { height: 28, width: 28, channels: 1 };

/** With weights drawn, and dropout off: its draws are no business of a graph. */
async function modelOf(name: keyof typeof CATALOGUE): Promise<LayersModel> {
  const text = JSON.stringify(CATALOGUE[name].build(IMAGE, 10).toJSON(null, false));
  const model = await tf.models.modelFromJSON(
    JSON.parse(text.replace(/"rate":[\d.]+/g, '"rate":0')) as never,
  );
  const layout = rowLayout(model);
  writeWeights(model, layout, initialWeights(model, layout, 7, 'seeded'));
  return model;
}

type Name = keyof typeof CATALOGUE;
// inceptionv3, whose frozen layers are large, takes minutes op by op.
for (const name of (Object.keys(CATALOGUE) as Name[]).filter((each) => each !== 'inceptionv3')) {
  void t.test(
    `the compiled step of ${name} has the gradients and statistics of TensorFlow.js, op by op`,
    async (t) => {
      const model = await modelOf(name);
      const layout = rowLayout(model);
      const traced = forwardOf(model, layout);
      // The CPU backend's own gradients of convolutions take minutes.
      const byTaps = forwardOf(model, layout, conv2dByTaps);
      const trainable = model.trainableWeights;
      const variables = trainable.map((weight) => ({ value: weight.read() }));
      /** Loss, gradients, statistics of batch norms, and how many were classified rightly. */
      const stepOf =
        (forward: Forward) =>
        (images: Tensor, labels: Tensor): Tensor[] => {
          const statistics: Tensor[] = [];
          let correct: Tensor | null = null;
          const { value, grads } = tf.variableGrads(
            () => {
              const training = {
                drop: (_: unknown, x: Tensor) => x,
                statistic: (_: unknown, statistic: Tensor) => statistics.push(tf.keep(statistic)),
              };
              const logits = forward(images, training);
              const hits = tf.equal(tf.argMax(logits, 1), labels);
              correct = tf.keep(tf.sum(tf.cast(hits, 'float32')));
              const oneHot = tf.oneHot(labels as Tensor1D, 10);
              return tf.neg<Scalar>(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot)) as Scalar);
            },
            trainable.map((weight) => weight.read() as Variable),
          );
          return [
            value,
            ...trainable.map((weight) => grads[weight.name]!),
            ...statistics,
            correct!,
          ];
        };
      const size = 12; // none of those that were traced
      // Without a pattern: equal values in a pool's window would be taken as rounding has it.
      const images = Float32Array.from(
        { length: size * 784 },
        (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24,
      );
      const labels = Int32Array.from({ length: size }, (_, i) => i % 10);
      const expected = stepOf(byTaps)(
        tf.tensor(images, [size, 28, 28, 1]),
        tf.tensor(labels, [size], 'int32'),
      ).map((tensor) => tensor.dataSync<'float32'>());
      const weights = variables.map(({ value }) => value.dataSync<'float32'>().slice());

      const began = performance.now();
      const compiled = await compileFunction(
        backend,
        [
          { dtype: 'float32', shape: [-1, 28, 28, 1] },
          { dtype: 'int32', shape: [-1] },
        ],
        variables,
        stepOf(traced),
      );
      t.comment(`compiled in ${Math.round(performance.now() - began)} ms`);
      const session = new Session(binding, compiled);
      // Shared memory, as the arena's.
      const got = expected.map(({ length }) => new Float32Array(new SharedArrayBuffer(4 * length)));
      session.run(size, [images, labels, ...weights], got);
      const first = got.map((array) => array.slice());
      expected.forEach((array, i) => {
        const largest = array.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const off = array.reduce(
          (most, value, j) => Math.max(most, Math.abs(value - got[i]![j]!)),
          0,
        );
        t.ok(off <= 1e-4 * largest, `output ${i}: ${off} of ${largest}`);
      });
      session.run(size, [images, labels, ...weights], got);
      t.same(
        got.map((array) => array.slice()),
        first,
        'a second run gives the same bits',
      );
      session.close();
    },
  );
}

void t.test('what one run does not show is refused, with the reason', async (t) => {
  const input = [{ dtype: 'float32', shape: [-1, 2] }] as const;
  const refused = (body: (x: Tensor) => Tensor, message: RegExp) =>
    t.rejects(
      compileFunction(backend, input, [], (x) => [body(x!)]),
      {
        code: 'ENGINE_TRACE_REFUSED',
        message,
      },
    );
  await refused((x) => (tf.sum(x).dataSync()[0]! > 1 ? x : tf.neg(x)), /reads a value/);
  await refused((x) => (x.shape[0]! > 4 ? x : tf.neg(x)), /other operations/);
  await refused((x) => tf.tile(x, [x.shape[0]! * x.shape[0]!, 1]), /does not grow evenly/);
  await refused(
    (x) => tf.mul(x, x.shape[0]! ** 2),
    /a number in it depends .* 9, 25, 64 for 3, 5, 8/,
  );
  await refused(
    (x) => tf.add(x, tf.tensor2d(primes(2 * x.shape[0]!), [x.shape[0]!, 2])),
    /outside of TensorFlow/,
  );
  await refused((x) => tf.add(x, tf.randomNormal([1, 2])), /draws random numbers in JavaScript/);
  t.equal(tf.getBackend(), 'cpu', 'the backend is what it was');
});

void t.test('shapes that grow with the batch are solved for', async (t) => {
  const compiled = await compileFunction(
    backend,
    [{ dtype: 'float32', shape: [-1, 2] }],
    [],
    (x) => [
      tf.reshape(tf.add(tf.concat([x!, tf.ones([x!.shape[0]!, 2])], 1), 1), [x!.shape[0]! * 4]),
    ],
  );
  const session = new Session(binding, compiled);
  for (const batch of [1, 4, 11]) {
    const got = new Float32Array(4 * batch);
    session.run(batch, [new Float32Array(2 * batch).fill(5)], [got]);
    t.same([...got], Array.from({ length: batch }, () => [6, 6, 2, 2]).flat());
  }
  session.close();
});

void t.test('rows that repeat, and counts, grow with the batch', async (t) => {
  const compiled = await compileFunction(
    backend,
    [{ dtype: 'float32', shape: [-1, 2] }],
    [],
    (x) => {
      const size = x!.shape[0]!;
      const rows = tf.tensor2d(
        Array.from({ length: size }, () => [3, 7]),
        [size, 2],
      );
      return [tf.mul(x!, rows), tf.cast(tf.range(0, size, 1, 'int32'), 'float32')];
    },
  );
  const session = new Session(binding, compiled);
  for (const batch of [1, 4, 11]) {
    const got = [new Float32Array(2 * batch), new Float32Array(batch)];
    session.run(batch, [new Float32Array(2 * batch).fill(2)], got);
    t.same([...got[0]!], Array.from({ length: batch }, () => [6, 14]).flat());
    t.same([...got[1]!], [...got[1]!.keys()]);
  }
  session.close();
});

void t.test('numbers that grow with the batch, or shrink, are solved for', async (t) => {
  const compiled = await compileFunction(backend, [{ dtype: 'float32', shape: [-1] }], [], (x) => [
    tf.mul(tf.sum(x!), x!.shape[0]! * 2),
    tf.mul(tf.sum(x!), 4 / x!.shape[0]!),
  ]);
  const session = new Session(binding, compiled);
  for (const batch of [1, 2, 16]) {
    const got = [new Float32Array(1), new Float32Array(1)];
    session.run(batch, [new Float32Array(batch).fill(1)], got);
    t.same([got[0]![0], got[1]![0]], [2 * batch * batch, 4]);
  }
  session.close();
});

/** Not the same row over and over, nor a count. */
function primes(length: number): number[] {
  return [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53].slice(0, length);
}
