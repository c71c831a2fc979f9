import t from 'tap';
import { dropoutMask } from '#src/shared/numerics/dropout-mask.js';
import { seedKey } from '#src/shared/numerics/streams.js';
import { lowerDropout } from '#src/worker/engine/wasm/lowering/dropout.js';
import type { DropoutNode } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  KernelHarness,
  LoweredNode,
  elements,
  randomValues,
} from '../../../support/kernel-harness.js';

const SEED = 2 ** 40 + 77;
const STEP = 4_000_000_000;

const SHAPES = [
  { height: 1, width: 1, channels: 1 },
  { height: 1, width: 1, channels: 5 },
  { height: 1, width: 1, channels: 67 },
  { height: 2, width: 3, channels: 3 },
  { height: 5, width: 5, channels: 13 },
  { height: 7, width: 4, channels: 37 },
];

for (const spatial of [false, true]) {
  for (const rate of [0.3, 0.5, 1e-6]) {
    t.test(`dropout of ${rate} draws the specified mask, spatial ${spatial}`, async (t) => {
      const harness = await KernelHarness.create('plain', 4);
      const node: DropoutNode = { kind: 'dropout', rate, spatial, ordinal: 2 };
      for (const shape of SHAPES) {
        for (const batch of [1, 3, 7]) {
          harness.reset();
          const lowered = LoweredNode.of(harness, lowerDropout, node, {
            inputs: [shape],
            output: shape,
            batchMax: 8,
          });
          const samples = Uint32Array.from({ length: batch }, (_, b) => 59_999 - 7919 * b);
          const samplesAt = harness.allocate(batch * 4);
          new Uint32Array(harness.memory.buffer, samplesAt, batch).set(samples);
          const [seedLow, seedHigh] = seedKey(SEED);
          const values = { samples: samplesAt, step: STEP, seedLow, seedHigh };

          const size = elements(shape);
          const x = randomValues(batch + size, batch * size);
          const dy = randomValues(batch * size + 1, batch * size);
          const mask = new Float32Array(batch * size);
          for (let b = 0; b < batch; b++) {
            dropoutMask(
              mask.subarray(b * size, (b + 1) * size),
              shape.height * shape.width,
              shape.channels,
              samples[b]!,
              { rate, spatial, ordinal: 2, seed: SEED, step: STEP },
            );
          }
          const times = (values: Float32Array) =>
            Array.from(values, (value, i) => Math.fround(value * mask[i]!) + 0);

          lowered.setInput(0, x);
          const y = lowered.forward(batch, values);
          t.same(Array.from(y, plusZero), times(x), `${batch} of ${JSON.stringify(shape)}`);
          lowered.backward(dy, values);
          t.same(Array.from(lowered.inputGradient(0, batch), plusZero), times(dy));
          t.same(lowered.inference(batch, values), x, 'inference changes nothing');
        }
      }
    });
  }
}

const plusZero = (value: number): number => value + 0;

t.test('dropout of rate 0 is the identity both ways', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const shape = { height: 2, width: 2, channels: 3 };
  const node: DropoutNode = { kind: 'dropout', rate: 0, spatial: false, ordinal: 0 };
  const lowered = LoweredNode.of(harness, lowerDropout, node, {
    inputs: [shape],
    output: shape,
    batchMax: 2,
  });
  const x = randomValues(3, 24);
  lowered.setInput(0, x);
  t.same(lowered.forward(2), x);
  lowered.backward(x);
  t.same(lowered.inputGradient(0, 2), x);
});
