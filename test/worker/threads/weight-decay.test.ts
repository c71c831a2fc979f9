import t from 'tap';
import { optimizerOf } from '#src/shared/config/optimizer.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import type { ConfigInput } from '#src/shared/config/schema.js';
import { larsStep } from '#src/shared/numerics/layerwise.js';
import { adamStep, sgdStep } from '#src/shared/numerics/optimizer.js';
import type { OptimizerSettings } from '#src/shared/numerics/optimizer-settings.js';
import { rmspropStep } from '#src/shared/numerics/rmsprop.js';
import type { WeightKind } from '#src/shared/numerics/row-layout.js';
import { decayRuns } from '#src/shared/numerics/weight-decay.js';
import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';
import { VALUE } from '#src/worker/threads/control.js';
import { lars } from '#src/worker/threads/phases/layerwise.js';
import { updateElements } from '#src/worker/threads/phases/update-elements.js';
import type { ThreadState } from '#src/worker/threads/thread-state.js';
import { randomValues } from '../../support/kernel-harness.js';

/** Lengths that no boundary of a vector or a slice falls together with. */
const WEIGHTS: readonly (readonly [WeightKind, ...number[]])[] = [
  ['dense', 9, 5],
  ['bias', 5],
  ['norm', 3],
  ['norm', 3],
  ['conv', 3, 3, 2, 3],
  ['bias', 3],
  ['other', 7],
];
let offset = 0;
const trainable = WEIGHTS.map(([kind, ...shape], modelWeight) => {
  const length = shape.reduce((product, size) => product * size, 1);
  const slot = { kind, label: kind, modelWeight, shape, offset, length };
  offset += length;
  return slot;
});
const LENGTH = offset;
const layout = { trainable, trainableLength: LENGTH };
const [W, ROW, FIRST, SECOND, THIRD, SUMS] = [1, 2, 3, 4, 5, 6].map((i) => i * 4096) as [
  ...[number, number, number, number, number, number],
];
const VALUES = { samples: 8, learningRate: 0.5, correction1: 0.1, correction2: 0.01 };

function settingsOf(input: ConfigInput): OptimizerSettings {
  return optimizerOf(resolveConfig(input, { processors: 1, now: new Date(0), cwd: '/' }));
}

/** The vectors after a step that `threads` threads take together. */
async function stepped(
  optimizer: OptimizerSettings,
  threads: number,
  vectors: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const places = [W, ROW, FIRST, SECOND, THIRD];
  const at = (i: number) => new Float32Array(memory.buffer, places[i], LENGTH);
  vectors.forEach((values, i) => {
    at(i).set(values);
  });
  const kernels = instantiateKernels((await loadKernels('plain')).module, memory);
  const values = new Float64Array(16);
  for (const [name, value] of Object.entries(VALUES)) {
    values[VALUE[name as keyof typeof VALUES]] = value;
  }
  const gradient = { row: ROW, samples: VALUES.samples, limit: Infinity };
  for (let thread = 0; thread < threads; thread++) {
    const arenaPlan = { weights: W, moments: [FIRST, SECOND, THIRD], squareSums: SUMS };
    const start = { thread, threads, arena: memory, arenaPlan, layout };
    const state = { start, control: { values }, kernels } as unknown as ThreadState;
    if (optimizer.kind === 'lars') lars(state, gradient, optimizer, () => true);
    else if (optimizer.kind !== 'lamb') updateElements(state, gradient, optimizer);
  }
  return vectors.map((_, i) => at(i).slice());
}

const BY_KIND = { weightDecay: 0.25, weightDecayConv: 1, weightDecayDense: 0.5 } as const;
const EACH: Readonly<Record<WeightKind, number>> = {
  ...{ conv: 1, dense: 0.5, bias: 0, norm: 0.125, other: 0.25 },
};

t.test('each kind shrinks by its own factor, by hand', async (t) => {
  // No gradient, plain descent, rate ½: w ← w − ½·λ·w, exact for these factors.
  const settings = settingsOf({
    ...{ optimizer: 'sgd', ...BY_KIND, weightDecayBias: 0, weightDecayNorm: 0.125 },
  });
  const weights = Float32Array.from({ length: LENGTH }, (_, i) => (i + 1) * 16);
  const left = { conv: 0.5, dense: 0.75, bias: 1, norm: 0.9375, other: 0.875 };
  const expected = new Float32Array(LENGTH);
  for (const { kind, offset: first, length } of trainable) {
    for (let i = first; i < first + length; i++) expected[i] = weights[i]! * left[kind];
  }
  for (const threads of [1, 2, 3, 5]) {
    const [after] = await stepped(settings, threads, [weights, new Float32Array(LENGTH)]);
    t.same(after, expected, `${threads} threads`);
  }
});

t.test('what has no factor of its own has that of all', async (t) => {
  t.same(settingsOf({ optimizer: 'sgd', weightDecay: 0.25, weightDecayConv: 1 }), {
    ...{ kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0.25 },
    decayByKind: { conv: 1 },
  });
  t.same(
    settingsOf({ optimizer: 'sgd', weightDecay: 0.25 }),
    { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0.25 },
    'without one all is as it was',
  );
});

t.test('neighbours that decay alike are one run, and a slice cuts runs', async (t) => {
  const decay = { weightDecay: 0.5, decayByKind: { bias: 0, conv: 0 } };
  const cut = (first: number, end: number) =>
    decayRuns(decay, layout, { first, end }).map((run) => [run.first, run.end, run.decay]);
  t.same(cut(0, LENGTH), [
    [0, 45, 0.5],
    [45, 50, 0],
    [50, 56, 0.5],
    [56, 113, 0],
    [113, 120, 0.5],
  ]);
  t.same(cut(16, 48), [
    [16, 45, 0.5],
    [45, 48, 0],
  ]);
});

const vectors = [1, 2, 3, 4, 5].map((seed) => randomValues(seed, LENGTH)) as [
  ...[Float32Array, Float32Array, Float32Array, Float32Array, Float32Array],
];
vectors[3].forEach((value, i) => (vectors[3][i] = Math.abs(value)));

/** A step of the slow and obvious version on one weight. */
type Twin = (parts: Float32Array[], weightDecay: number, adapts: boolean) => void;

const common = { samples: 8, limit: Infinity, learningRate: 0.5 };
const adam = {
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, keep: 1 },
  ...{ correction1: 0.1, correction2: 0.01 },
};
const CASES: readonly (readonly [ConfigInput, Twin])[] = [
  [
    { optimizer: 'adam' },
    ([w, row, m, v], weightDecay) => {
      adamStep(w!, row!, m!, v!, null, { ...common, ...adam, weightDecay });
    },
  ],
  [
    { optimizer: 'amsgrad' },
    ([w, row, m, v, vMax], weightDecay) => {
      adamStep(w!, row!, m!, v!, vMax!, { ...common, ...adam, weightDecay });
    },
  ],
  [
    { optimizer: 'sgd', momentum: 0.5, nesterov: true },
    ([w, row, u], weightDecay) => {
      sgdStep(w!, row!, u!, { ...common, momentum: 0.5, nesterov: true, weightDecay });
    },
  ],
  [
    { optimizer: 'rmsprop' },
    ([w, row, , square], weightDecay) => {
      rmspropStep(w!, row!, square!, null, null, {
        ...{ ...common, rho: 0.9, epsilon: 1e-8, momentum: 0, weightDecay },
      });
    },
  ],
  [
    { optimizer: 'lars', momentum: 0.5 },
    ([w, row, u], weightDecay, adapts) => {
      const step = { ...common, momentum: 0.5, trustCoefficient: 0.001, weightDecay };
      larsStep(w!, row!, u!, adapts, step);
    },
  ],
];

for (const [input, twin] of CASES) {
  t.test(`${input.optimizer!}: the bits of its twin on each weight, for any threads`, async (t) => {
    const isLars = input.optimizer === 'lars';
    const others = isLars ? {} : { weightDecayBias: 0, weightDecayNorm: 0.125 };
    const settings = settingsOf({ ...input, ...BY_KIND, ...others });
    // RMSprop's one vector stands where the others have their first.
    const order = input.optimizer === 'rmsprop' ? [0, 1, 3] : [0, 1, 2, 3, 4];
    const expected = vectors.map((values) => values.slice());
    for (const slot of trainable) {
      const end = slot.offset + slot.length;
      const parts = expected.map((values) => values.subarray(slot.offset, end));
      twin(parts, EACH[slot.kind], slot.shape.length > 1);
    }
    // Of LARS each thread would wait for the sums of the others here.
    for (const threads of isLars ? [1] : [1, 3]) {
      const after = await stepped(settings, threads, order.map((i) => vectors[i]!)); // prettier-ignore
      after.forEach((values, i) => t.same(values, expected[order[i]!], `vector ${i}, ${threads}`));
    }
  });
}
