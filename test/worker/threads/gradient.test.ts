import t from 'tap';
import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';
import { squareSumWords } from '#src/worker/threads/blocks.js';
import { VALUE } from '#src/worker/threads/control.js';
import { gradientOf } from '#src/worker/threads/phases/gradient.js';
import type { ThreadState } from '#src/worker/threads/thread-state.js';

const trainable = [
  { kind: 'dense', label: 'a', modelWeight: 0, shape: [9000], offset: 0, length: 9000 },
  { kind: 'bias', label: 'b', modelWeight: 1, shape: [7], offset: 9000, length: 7 },
] as const;
const [ROW, SUMS] = [1024, 65536];

async function threadsOf(threads: number, clipping: object) {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const kernels = instantiateKernels((await loadKernels('plain')).module, memory);
  const values = new Float64Array(16);
  values[VALUE.samples] = 2;
  const states = Array.from({ length: threads }, (_, thread) => {
    const arenaPlan = { squareSums: SUMS };
    const start = { thread, threads, arena: memory, arenaPlan, layout: { trainable } };
    const optimizer = { kind: 'sgd', ...clipping };
    return { start: { ...start, optimizer }, control: { values }, kernels };
  });
  return { memory, states: states as unknown as readonly ThreadState[] };
}

t.test('the norm is that of all parameters, the same for any number of threads', async (t) => {
  t.equal(squareSumWords({ trainable }), 12);
  for (const threads of [1, 2, 3, 7]) {
    const clipping = { clipping: { by: 'norm', limit: 0.5 } };
    const { memory, states } = await threadsOf(threads, clipping);
    const row = new Float32Array(memory.buffer, ROW, 9007);
    row[1] = 6; // a mean of 3 …
    row[9006] = -8; // … and of −4: norm 5, ten times the limit.
    let last = null;
    for (const state of states) last = gradientOf(state, ROW, () => true);
    t.same(last, { row: ROW, samples: 20, limit: Infinity }, `${threads} threads`);
    t.equal(
      gradientOf(states[0]!, ROW, () => false),
      null,
      'given up',
    );
  }
});

t.test('values are cut by the step itself; without clipping the row is only divided', async (t) => {
  const byValue = await threadsOf(1, { clipping: { by: 'value', limit: 0.25 } });
  const meet = (): boolean => {
    throw new Error('nothing to meet for');
  };
  const got = gradientOf(byValue.states[0]!, ROW, meet);
  t.same(got, { row: ROW, samples: 2, limit: 0.25 });
  const plain = await threadsOf(1, {});
  t.same(gradientOf(plain.states[0]!, ROW, meet), { row: ROW, samples: 2, limit: Infinity });
});
