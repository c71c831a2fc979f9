/**
 * Whether a compiled binding works, as a program: `node self-test.js TASK`, a SelfTestTask as JSON.
 * It multiplies two matrices, on the processor and on a GPU where there is to be one, has the
 * product copied into shared memory, and writes what it found as one line.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Binding } from '../binding.js';
import type { Quiet } from './quiet-source.js';

export interface SelfTestTask {
  /** Paths of the two add-ons. */
  readonly binding: string;
  readonly quiet: string;
  /** Paths of libraries that are to be loaded before. */
  readonly preload: readonly string[];
  readonly needsGpu: boolean;
}

export interface SelfTestRecord {
  readonly tensorflow: string;
  readonly devices: readonly string[];
}

const load = createRequire(import.meta.url);
const task = JSON.parse(process.argv[2]!) as SelfTestTask;
const quiet = load(task.quiet) as Quiet;
for (const file of task.preload) assert.equal(quiet.preload(file), '');
const binding = load(task.binding) as Binding;

const attributes = [
  ...['transpose_a', 'transpose_b'].map((name) => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value: false,
  })),
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];

function multiply(): void {
  const a = binding.createTensor([2, 2], binding.TF_FLOAT, Float32Array.of(1, 2, 3, 4));
  const b = binding.createTensor([2, 1], binding.TF_FLOAT, Float32Array.of(5, 6));
  const [product] = binding.executeOp('MatMul', attributes, [a, b], 1);
  const shared = new Float32Array(new SharedArrayBuffer(8));
  binding.copyTensorData(product!.id, shared);
  assert.deepEqual([...shared], [17, 39]);
  assert.throws(() => {
    binding.copyTensorData(product!.id, new Float32Array(3));
  }, /8 bytes/);
}

multiply();
const devices = binding.listDevices();
assert.throws(() => {
  binding.useDevice('none');
}, /no device none/);
const gpu = devices.find((name) => name.includes('device:GPU:'));
if (task.needsGpu) {
  assert.ok(gpu, `nvidia-smi lists a GPU, and TensorFlow finds only ${devices.join(', ')}`);
  binding.useDevice(gpu);
  assert.equal(binding.isUsingGpuDevice(), true);
  multiply();
}
const kinds = [...new Set(devices.map((name) => /device:(\w+):/.exec(name)![1]!))];
const record: SelfTestRecord = { tensorflow: binding.TF_Version, devices: kinds };
console.log(`self-test ${JSON.stringify(record)}`);
