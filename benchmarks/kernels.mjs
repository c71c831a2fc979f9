// Speed of the heavy training kernels on one thread: matrix products (GFLOP/s) and, for the layers
// of the built-in models, forward, data gradient and weight gradient of one micro-batch of 128.
//
//   node benchmarks/kernels.mjs [--relaxed] [--seconds S per figure]
//
// Convolutions and dense layers run as the engine runs them: lowered, on memory of their own.
import { lowerConv2d } from '../dist/worker/engine/wasm/lowering/conv2d.js';
import { lowerDense } from '../dist/worker/engine/wasm/lowering/dense.js';
import { instantiateKernels, loadKernels } from '../dist/worker/engine/wasm/module.js';
import { sampleBytes } from '../dist/worker/engine/wasm/plan/lowering.js';

const BATCH = 128;
const args = process.argv.slice(2);
const build = args.includes('--relaxed') ? 'relaxed' : 'plain';
const seconds = args.includes('--seconds') ? Number(args[args.indexOf('--seconds') + 1]) : 0.4;

const pages = 12 * 1024;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = instantiateKernels((await loadKernels(build)).module, memory);

/** Median and best processor time of a call, ms: other processes on the machine do not count. */
function time(call) {
  const times = [];
  call();
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], best: times[0] };
}

function products() {
  new Float32Array(memory.buffer, 0, 32 << 20).fill(0.5);
  const [a, b, c] = [1 << 20, 16 << 20, 64 << 20];
  for (const [rows, columns, depth] of [
    [64, 64, 32],
    [64, 128, 64],
    [64, 256, 128],
    [128, 256, 1024],
    [784, 32, 9],
  ]) {
    const stride = (Math.ceil(rows / 4) | 1) * 64;
    const repeat = Math.max(1, Math.round(2e7 / (rows * columns * depth)));
    const gigaflops = (call) => {
      const { median } = time(() => {
        for (let i = 0; i < repeat; i++) call();
      });
      return ((2 * rows * columns * depth * repeat) / median / 1e6).toFixed(1);
    };
    const forward = gigaflops(() =>
      kernels.gemmRows(a, 16, stride, b, depth * 16, c, 16, stride, rows, columns, depth, 0, 0),
    );
    const gradient = gigaflops(() =>
      kernels.gemmColumns(a, 16, stride, b, 16, stride, c, 16, depth * 16, depth, columns, rows, 1),
    );
    console.log(`${rows}×${columns}×${depth}  rows ${forward}  columns ${gradient} GFLOP/s`);
  }
}

/** One node on memory of its own; `inputGradient` false for a first layer. */
function lowered(lowering, node, input, output, weights, inputGradient) {
  let top = 1 << 20;
  const addresses = [];
  const allocate = (bytes) => {
    const address = top;
    top += Math.ceil(bytes / 64) * 64;
    if (top > memory.buffer.byteLength) throw new Error(`needs more than ${top} bytes`);
    addresses.push(address);
    return { buffer: addresses.length - 1 };
  };
  const places = {};
  const rows = {};
  for (const [role, length] of Object.entries(weights)) {
    places[role] = addresses[allocate(length * 4).buffer];
    rows[role] = addresses[allocate(length * 4).buffer];
  }
  const tensor = (shape) => ({ ...allocate(BATCH * sampleBytes(shape)), shape });
  const result = lowering(node, {
    batchMax: BATCH,
    inputs: [tensor(input)],
    output: tensor(output),
    outputGradient: tensor(output),
    inputGradients: [inputGradient ? tensor(input) : null],
    weight: (role) => places[role],
    gradient: (role) => rows[role],
    shared: allocate,
    saved: allocate,
    scratch: allocate,
  });
  const data = new Float32Array(memory.buffer, 1 << 20, (top - (1 << 20)) >> 2);
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) / 1009 - 0.5;
  const bind = (calls) =>
    calls.map(({ kernel, args: operands }) => {
      const values = operands.map((operand) => {
        if (typeof operand === 'number') return operand;
        if (!Array.isArray(operand)) return addresses[operand.buffer];
        return { batch: BATCH, part: 0, parts: 1 }[operand[0]];
      });
      return () => kernels[kernel](...values);
    });
  const phases = {};
  for (const phase of ['prepare', 'forward', 'backward']) {
    const calls = bind(result[phase]);
    phases[phase] = () => calls.forEach((call) => call());
  }
  return phases;
}

function conv(size, input, outputs, kernel, first = false) {
  const shape = { height: size, width: size, channels: input };
  const output = { ...shape, channels: outputs };
  const node = {
    kind: 'conv2d',
    kernel: [kernel, kernel],
    strides: [1, 1],
    dilation: [1, 1],
    pad: [(kernel - 1) >> 1, (kernel - 1) >> 1],
    bias: true,
    activation: 'relu',
    maskGradient: false,
    norm: null,
    pool: null,
  };
  const weights = { kernel: kernel * kernel * input * outputs, bias: outputs };
  return lowered(lowerConv2d, node, shape, output, weights, !first);
}

function dense(input, outputs) {
  const node = { kind: 'dense', bias: true, activation: 'relu', maskGradient: true };
  const size = input.height * input.width * input.channels;
  const output = { height: 1, width: 1, channels: outputs };
  return lowered(lowerDense, node, input, output, { kernel: size * outputs, bias: outputs }, true);
}

const flat = (channels) => ({ height: 1, width: 1, channels });
const MODELS = {
  lenet5: [
    ['conv 28×28×1 → 32', () => conv(28, 1, 32, 3, true)],
    ['conv 14×14×32 → 64', () => conv(14, 32, 64, 3)],
    ['conv 7×7×64 → 128', () => conv(7, 64, 128, 3)],
    ['conv 4×4×128 → 256', () => conv(4, 128, 256, 3)],
    ['conv 2×2×256 → 256', () => conv(2, 256, 256, 3)],
    ['dense 256 → 256', () => dense(flat(256), 256)],
    ['dense 256 → 128', () => dense(flat(256), 128)],
    ['dense 128 → 10', () => dense(flat(128), 10)],
  ],
  hybrid: [
    ['conv 28×28×32 → 64', () => conv(28, 32, 64, 3)],
    ['conv 9×9×64 → 64', () => conv(9, 64, 64, 3)],
    ['conv 9×9×64 → 128, 5×5', () => conv(9, 64, 128, 5)],
    ['dense 3×3×128 → 32', () => dense({ height: 3, width: 3, channels: 128 }, 32)],
  ],
  cnn2bn: [['dense 6×6×64 → 600', () => dense({ height: 6, width: 6, channels: 64 }, 600)]],
};

console.log(`${build} build, micro-batch ${BATCH}, medians (best) in ms`);
products();
for (const [model, layers] of Object.entries(MODELS)) {
  let sum = 0;
  for (const [title, make] of layers) {
    const phases = make();
    const figures = Object.entries(phases).map(([phase, call]) => {
      const { median, best } = time(call);
      sum += median;
      return `${phase} ${median.toFixed(2)} (${best.toFixed(2)})`;
    });
    console.log(`${model}: ${title}: ${figures.join('  ')}`);
  }
  console.log(
    `${model}: together ${sum.toFixed(1)} ms, ${((BATCH / sum) * 1000).toFixed(0)} samples/s`,
  );
}
