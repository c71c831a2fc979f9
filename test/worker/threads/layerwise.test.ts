import t from 'tap';
import { lambStep, larsStep } from '#src/shared/numerics/layerwise.js';
import { loadKernels, instantiateKernels } from '#src/worker/engine/wasm/module.js';
import { blocksOf, squareSumWords } from '#src/worker/threads/blocks.js';
import { VALUE } from '#src/worker/threads/control.js';
import { lamb, lars } from '#src/worker/threads/phases/layerwise.js';
import type { ThreadState } from '#src/worker/threads/thread-state.js';
import { randomValues } from '../../support/kernel-harness.js';

/** A matrix of three blocks, a bias, a small matrix. */
const SHAPES = [[90, 100], [100], [3, 7]];
const trainable = SHAPES.map((shape, i) => {
  const length = (of: number[]): number => of.reduce((a, b) => a * b, 1);
  const offset = SHAPES.slice(0, i).reduce((sum, before) => sum + length(before), 0);
  const kind = (['conv', 'bias', 'dense'] as const)[i]!;
  return { label: String(i), modelWeight: i, shape, offset, length: length(shape), kind };
});
const LENGTH = 9121;

const [WEIGHTS, ROW, FIRST, SECOND, SUMS] = [1, 2, 3, 4, 5].map((i) => i * 40960) as [
  number,
  number,
  number,
  number,
  number,
];
const GRADIENT = { row: ROW, samples: 129, limit: 0.004 };
const VALUES = { samples: 129, learningRate: 0.01, correction1: 0.1, correction2: 0.01 };

/** The state of thread `thread` of `threads`, as far as these updates read it. */
async function stateOf(memory: WebAssembly.Memory, thread: number, threads: number) {
  const values = new Float64Array(16);
  for (const [name, value] of Object.entries(VALUES)) {
    values[VALUE[name as keyof typeof VALUES]] = value;
  }
  const arenaPlan = { weights: WEIGHTS, moments: [FIRST, SECOND], squareSums: SUMS };
  const start = { thread, threads, arena: memory, arenaPlan, layout: { trainable } };
  const kernels = instantiateKernels((await loadKernels('plain')).module, memory);
  return { start, control: { values }, kernels } as unknown as ThreadState;
}

t.test('blocks cover every parameter and cross none', async (t) => {
  const blocks = blocksOf({ trainable });
  t.same(
    blocks.map(({ parameter, first, elements }) => [parameter, first, elements]),
    [
      [0, 0, 4096],
      [0, 4096, 4096],
      [0, 8192, 808],
      [1, 9000, 100],
      [2, 9100, 21],
    ],
  );
  t.equal(squareSumWords({ trainable }), 15);
});

for (const kind of ['lars', 'lamb'] as const) {
  t.test(`${kind} over blocks has the bits of its twin over whole parameters`, async (t) => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
    const vector = (at: number): Float32Array => new Float32Array(memory.buffer, at, LENGTH);
    const [weights, row, first, second] = [1, 2, 3, 4].map((seed) =>
      randomValues(seed, LENGTH),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    second.forEach((value, i) => (second[i] = Math.abs(value)));
    vector(WEIGHTS).set(weights);
    vector(ROW).set(row);
    vector(FIRST).set(first);
    vector(SECOND).set(second);
    const settings = {
      ...{ kind, momentum: 0.9, trustCoefficient: 0.02, weightDecay: 0.01 },
      ...{ beta1: 0.9, beta2: 0.99, epsilon: 1e-6, decoupledWeightDecay: 0.01 },
    };
    const thread = await stateOf(memory, 0, 1);
    let met = 0;
    const meet = (): boolean => ++met > 0;
    if (kind === 'lars') t.ok(lars(thread, GRADIENT, { ...settings, kind }, meet));
    else t.ok(lamb(thread, GRADIENT, { ...settings, kind }, meet));
    t.equal(met, 1);
    for (const { offset, length, shape } of trainable) {
      const [w, g, m, v] = [weights, row, first, second].map((of) =>
        of.subarray(offset, offset + length),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      const step = { ...settings, ...VALUES, limit: GRADIENT.limit };
      if (kind === 'lars') larsStep(w, g, m, shape.length > 1, step);
      else lambStep(w, g, m, v, shape.length > 1, step);
    }
    t.same(vector(WEIGHTS).slice(), weights);
    t.same(vector(FIRST).slice(), first);
    t.same(vector(SECOND).slice(), second);
    t.same(vector(ROW).slice(), row, 'the gradient stays as it was');
  });

  t.test(`${kind}: a thread that is given up at the meeting writes no weight`, async (t) => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
    const weights = new Float32Array(memory.buffer, WEIGHTS, LENGTH).fill(1);
    const thread = await stateOf(memory, 1, 2);
    const common = { momentum: 0, trustCoefficient: 1, weightDecay: 0, decoupledWeightDecay: 0 };
    const settings = { ...common, beta1: 0.9, beta2: 0.9, epsilon: 1 };
    const update = kind === 'lars' ? lars : lamb;
    t.notOk(update(thread, GRADIENT, { ...settings, kind } as never, () => false));
    t.ok(weights.every((weight) => weight === 1));
  });
}
