import t from 'tap';
import { lowerConv2d, takesPool } from '#src/worker/engine/wasm/lowering/conv2d.js';
import type { Conv2dNode, MapShape, Window } from '#src/worker/engine/wasm/plan/lowering.js';
import {
  convCase,
  convForward,
  convGradients,
  kernelElements,
} from '../../../support/conv-oracle.js';
import type { ConvCase } from '../../../support/conv-oracle.js';
import { elements, KernelHarness, LoweredNode, randomValues, relativeError } from '../../../support/kernel-harness.js'; // prettier-ignore

const harness = await KernelHarness.create('plain', 48);

interface PoolCase {
  readonly conv: ConvCase;
  readonly window: Window;
  readonly pooled: MapShape;
}

function pooled(
  conv: ConvCase,
  size: number,
  stride: number,
  padding: 'same' | 'valid' = 'valid',
): PoolCase {
  const { height, width, channels } = conv.output;
  const out = (length: number) =>
    padding === 'same' ? Math.ceil(length / stride) : Math.floor((length - size) / stride) + 1;
  const before = (length: number) =>
    padding === 'same' ? Math.max(0, (out(length) - 1) * stride + size - length) >> 1 : 0;
  return {
    conv,
    window: {
      kernel: [size, size],
      strides: [stride, stride],
      dilation: [1, 1],
      pad: [before(height), before(width)],
    },
    pooled: { height: out(height), width: out(width), channels },
  };
}

const conv = (
  batch: number,
  map: [number, number, number],
  outputs: number,
  taps = 3,
  padding: 'same' | 'valid' = 'same',
) => convCase(batch, map, outputs, [taps, taps], padding);

/** 2 × 2 and overlapping pools take the dense backward, 3 × 3 side by side the sparse one. */
const CASES: readonly PoolCase[] = [
  pooled(conv(3, [14, 14, 8], 9), 2, 2),
  pooled(conv(5, [7, 7, 13], 10), 2, 2, 'same'),
  pooled(conv(5, [7, 9, 13], 10), 2, 2),
  pooled(conv(3, [9, 9, 8], 8), 3, 2, 'same'),
  pooled(conv(3, [9, 9, 8], 8), 3, 1, 'same'),
  pooled(conv(7, [2, 2, 12], 9), 2, 2),
  pooled(conv(3, [28, 28, 1], 9), 2, 2),
  pooled(conv(5, [9, 7, 1], 13), 2, 2),
  pooled(conv(2, [6, 11, 1], 8, 3, 'valid'), 2, 2),
  pooled(conv(3, [28, 28, 8], 9), 3, 3),
  pooled(conv(3, [11, 9, 13], 10), 3, 3),
  pooled(conv(3, [12, 9, 9], 8, 3, 'valid'), 3, 3),
  pooled(conv(3, [9, 9, 9], 13, 5), 3, 3),
  pooled(conv(1, [13, 10, 8], 8, 5, 'valid'), 3, 3),
  pooled(conv(2, [12, 12, 10], 9, 5), 4, 5),
];

function nodeOf({ conv: c, window }: PoolCase, relu: boolean): Conv2dNode {
  return {
    kind: 'conv2d',
    kernel: c.kernel,
    strides: c.strides,
    dilation: c.dilation,
    pad: c.pad,
    bias: true,
    activation: relu ? 'relu' : 'linear',
    maskGradient: false,
    norm: null,
    pool: { window, map: c.output },
  };
}

const isFirst = ({ conv: c }: PoolCase) => c.input.channels === 1;

const name = ({ conv: c, window, pooled: p }: PoolCase) =>
  `${c.batch} × ${c.input.height}×${c.input.width}×${c.input.channels}, ${c.kernel.join('×')} → ` +
  `${c.output.channels}, pool ${window.kernel.join('×')}/${window.strides[0]} → ${p.height}×${p.width}`;

/** Max pooling of the oracle's map in its own order; the kernel's values decide no tie. */
function poolOf({ conv: c, window, pooled: p }: PoolCase, map: Float64Array) {
  const { height, width, channels } = c.output;
  const values = new Float64Array(c.batch * elements(p));
  const places = new Int32Array(values.length);
  let at = 0;
  for (let b = 0; b < c.batch; b++)
    for (let oy = 0; oy < p.height; oy++)
      for (let ox = 0; ox < p.width; ox++)
        for (let channel = 0; channel < channels; channel++, at++) {
          values[at] = -Infinity;
          for (let k = 0; k < window.kernel[0] * window.kernel[1]; k++) {
            const y = oy * window.strides[0] - window.pad[0] + Math.floor(k / window.kernel[1]);
            const x = ox * window.strides[1] - window.pad[1] + (k % window.kernel[1]);
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const place = ((b * height + y) * width + x) * channels + channel;
            if (map[place]! > values[at]!) [values[at], places[at]] = [map[place]!, place];
          }
        }
  return { values, places };
}

function lower(c: PoolCase, relu: boolean): LoweredNode {
  return LoweredNode.of(harness, lowerConv2d, nodeOf(c, relu), {
    inputs: [c.conv.input],
    output: c.pooled,
    batchMax: c.conv.batch,
    weights: {
      kernel: randomValues(1, kernelElements(c.conv)),
      bias: new Float32Array(c.conv.output.channels),
    },
    inputGradients: [!isFirst(c)],
  });
}

t.test('a convolution with its max pool matches float64 loops', async (t) => {
  for (const [i, c] of CASES.entries()) {
    t.ok(
      takesPool(
        { ...nodeOf(c, false), pool: null },
        c.conv.input,
        c.conv.output,
        { kind: 'maxPool', ...c.window, foldRelu: false },
        c.pooled,
        isFirst(c),
      ),
      `${name(c)} is fused`,
    );
    for (const relu of [false, true]) {
      harness.reset();
      const node = lower(c, relu);
      const x = randomValues(10 * i, c.conv.batch * elements(c.conv.input));
      const w = randomValues(10 * i + 1, kernelElements(c.conv));
      const bias = randomValues(10 * i + 2, c.conv.output.channels);
      const dy = randomValues(10 * i + 3, c.conv.batch * elements(c.pooled));
      dy.forEach((_, k) => (k % 3 === 0 ? (dy[k] = 0) : null));
      node.setWeight('kernel', w);
      node.setWeight('bias', bias);
      node.prepare(1 + (i % 3));
      node.setInput(0, x);
      const y = node.forward(c.conv.batch);
      const expected = poolOf(c, Float64Array.from(convForward(c.conv, x, w, bias, relu)));
      const error = relativeError(y, Float32Array.from(expected.values));
      t.ok(error < 1e-5, `${name(c)}, ${relu ? 'ReLU' : 'linear'}: forward (${error})`);

      node.backward(dy);
      const gradient = new Float32Array(c.conv.batch * elements(c.conv.output));
      expected.places.forEach((place, k) => {
        if (!relu || expected.values[k]! > 0) gradient[place] = gradient[place]! + dy[k]!;
      });
      const truth = convGradients(c.conv, x, w, gradient);
      const found = {
        input: isFirst(c) ? 0 : relativeError(node.inputGradient(0, c.conv.batch), truth.input),
        kernel: relativeError(node.gradient('kernel'), truth.kernel),
        bias: relativeError(node.gradient('bias'), truth.bias),
      };
      for (const [what, found_] of Object.entries(found)) {
        t.ok(found_ < 1e-5, `${name(c)}, ${relu ? 'ReLU' : 'linear'}: ${what} (${found_})`);
      }
      t.ok(node.rowGapsIntact(), 'nothing is written around the gradients');
    }
  }
});

t.test('what lies in scratch does not change a bit, for any number of parts', async (t) => {
  for (const c of CASES) {
    const run = (scratch: number, parts: number) => {
      harness.reset();
      harness.floats(2048, harness.memory.buffer.byteLength / 4 - 512).fill(scratch);
      const node = lower(c, true);
      node.setWeight('kernel', randomValues(3, kernelElements(c.conv)));
      node.prepare(parts);
      node.setInput(0, randomValues(4, c.conv.batch * elements(c.conv.input)), scratch);
      const y = node.forward(c.conv.batch);
      node.backward(randomValues(5, c.conv.batch * elements(c.pooled)), {}, scratch);
      return [
        y,
        isFirst(c) ? null : node.inputGradient(0, c.conv.batch),
        node.gradient('kernel'),
        node.gradient('bias'),
      ];
    };
    const expected = run(1, 1);
    t.strictSame(run(-3e7, 2), expected, name(c));
    t.strictSame(run(1e9, 5), expected, name(c));
  }
});

t.test('of equal maxima the first gets the gradient', async (t) => {
  for (const c of [CASES[0]!, CASES[9]!]) {
    harness.reset();
    const node = lower(c, true);
    node.setWeight('kernel', new Float32Array(kernelElements(c.conv)));
    node.setWeight('bias', new Float32Array(c.conv.output.channels).fill(1));
    node.prepare(1);
    node.setInput(0, new Float32Array(c.conv.batch * elements(c.conv.input)).fill(1));
    const y = node.forward(c.conv.batch);
    t.ok(
      y.every((value) => value === 1),
      'all outputs are equal',
    );
    node.backward(new Float32Array(c.conv.batch * elements(c.pooled)).fill(1));
    // The first pixel of a window reaches the tap above it unless the map ends there.
    const { height, width } = c.pooled;
    const dw = node.gradient('kernel');
    const channels = c.conv.input.channels * c.conv.output.channels;
    const near = (found: number, wanted: number, what: string) =>
      t.ok(Math.abs(found - wanted) < 1e-3, `${what}: ${found}, not ${wanted}`);
    near(dw[4 * channels]!, c.conv.batch * height * width, 'centre tap: every window');
    near(
      dw[1 * channels]!,
      c.conv.batch * (height - 1) * width,
      'tap above: all rows but the first',
    );
    near(
      dw[3 * channels]!,
      c.conv.batch * height * (width - 1),
      'tap left: all columns but the first',
    );
    near(dw[5 * channels]!, c.conv.batch * height * width, 'tap right: every window');
  }
});
