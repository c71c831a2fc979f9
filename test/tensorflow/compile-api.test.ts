import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Tensor } from '@tensorflow/tfjs-core';
import t from 'tap';
import { compile, tf } from '#src/index.js';
import { useTensorflow } from './install.js';

t.setTimeout(300_000);
await useTensorflow();

void t.test('a function gives what it gave, at any batch size and in its own form', async (t) => {
  const doubled = await compile((x: Tensor) => tf.mul(x, 2), { inputs: [{ shape: [null, 2] }] });
  for (const rows of [1, 2, 9]) {
    const value = doubled.run(tf.range(0, 2 * rows).reshape([rows, 2]));
    t.same([value.shape, value.dtype], [[rows, 2], 'float32']);
    t.same(
      [...value.dataSync()],
      Array.from({ length: 2 * rows }, (_, i) => 2 * i),
    );
  }
  const list = await compile((x: Tensor, y: Tensor) => [tf.add(x, y), tf.less(x, y)], {
    inputs: [
      { shape: [null], dtype: 'int32' },
      { shape: [null], dtype: 'int32' },
    ],
  });
  const [sum, less] = list.run(Int32Array.of(1, 5), Int32Array.of(2, 3)) as [Tensor, Tensor];
  t.same([[...sum.dataSync()], sum.dtype], [[3, 8], 'int32']);
  t.same([[...less.dataSync()], less.dtype], [[1, 0], 'bool']);
  const named = await compile((x: Tensor) => ({ mean: tf.mean(x), top: tf.argMax(x, 1) }), {
    inputs: [{ shape: [null, 3] }],
  });
  const { mean, top } = named.run(Float32Array.of(1, 2, 6, 9, 0, 0));
  t.same([mean!.dataSync()[0], [...top!.dataSync()], top!.dtype], [3, [2, 0], 'int32']);
  for (const each of [doubled, list, named]) each.dispose();
});

void t.test('variables are found, and read anew at each run', async (t) => {
  const slope = tf.variable(tf.scalar(3));
  const unused = tf.variable(tf.scalar(9));
  const gradient = await compile(
    (x: Tensor) => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum<Tensor<never>>(tf.mul(x, tf.square(slope))) as never,
        [slope],
      );
      return { value, gradient: grads[slope.name]! };
    },
    { inputs: [{ shape: [null] }] },
  );
  t.same(gradient.variables, [slope]);
  const numbers = () => {
    const made = gradient.run(Float32Array.of(1, 2, 4));
    return [made['value']!.dataSync()[0], made['gradient']!.dataSync()[0]];
  };
  t.same(numbers(), [63, 42]);
  slope.assign(tf.scalar(-1));
  t.same(numbers(), [7, -14]);
  t.equal(tf.getBackend(), 'cpu', 'the backend is what it was');
  gradient.dispose();
  unused.dispose();
});

void t.test('what a graph cannot be is refused, and undone', async (t) => {
  const count = tf.variable(tf.scalar(1), true, 'count');
  const variables = Object.keys(tf.engine().registeredVariables).length;
  const input = { inputs: [{ shape: [null, 2] }] };
  const refused = (fn: (x: Tensor) => unknown, message: RegExp) =>
    t.rejects(compile(fn as never, input), { code: 'ENGINE_TRACE_REFUSED', message });
  await refused((x) => {
    count.assign(tf.scalar(5));
    return tf.mul(x, count);
  }, /assigns to the variable count/);
  t.equal(count.dataSync()[0], 1);
  await refused((x) => tf.mul(x, tf.variable(tf.scalar(2))), /makes the variable/);
  t.equal(Object.keys(tf.engine().registeredVariables).length, variables);
  await refused((x) => Promise.resolve(x), /asynchronous/);
  await refused(() => 7, /does not give a tensor/);
  await refused((x) => tf.mul(x, x.arraySync() === null ? 1 : 2), /reads a value/);
  await refused((x) => tf.add(x, tf.randomUniform([1])), /draws random numbers/);
  const faults = [
    [{ shape: [2, null] }, /Input 0 has the shape \[2,null\]/],
    [{ shape: [null, 0.5] }, /sizes are whole numbers above 0/],
    [{ shape: [null], dtype: 'bool' }, /dtype bool/],
  ] as const;
  for (const [spec, message] of faults) {
    const options = { inputs: [spec] } as never;
    await t.rejects(
      compile((x: Tensor) => x, options),
      { code: 'COMPILED_ARGUMENT', message },
    );
  }
});

void t.test('arguments that do not fit are told with what would', async (t) => {
  const sum = await compile((x: Tensor, y: Tensor) => tf.add(x, y), {
    inputs: [{ shape: [null, 2] }, { shape: [null, 2] }],
  });
  const four = new Float32Array(4);
  const faults = [
    [[four], /takes 2 arguments and got 1/],
    [[four, new Float32Array(6)], /Argument 1 has 6 elements.*\[batch, 2\], for 2 samples/],
    [[new Float32Array(3), four], /Argument 0 has 3 elements/],
    [[four, new Int32Array(4)], /Argument 1 should be a tensor, or a Float32Array/],
    [[four, tf.zeros([4])], /Argument 1 is float32 \[4\]; it should be float32 \[batch, 2\]/],
    [[four, tf.zeros([2, 2], 'int32')], /Argument 1 is int32/],
  ] as const;
  for (const [given, message] of faults) {
    t.throws(() => sum.run(...(given as readonly Float32Array[])), {
      code: 'COMPILED_ARGUMENT',
      message,
    });
  }
  sum.dispose();
});

void t.test('the example trains', async (t) => {
  const example = fileURLToPath(new URL('../../../examples/compile.mjs', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [example, '40']);
  t.equal(stderr, '');
  t.match(stdout, 'The graph reads 4 variables.');
  const losses = [...stdout.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  t.equal(losses.length, 5);
  t.ok(losses.at(-1)! < 0.5 * losses[0]!, `${losses}`);
});
