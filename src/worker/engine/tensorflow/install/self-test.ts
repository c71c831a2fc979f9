/**
 * Whether a compiled binding works, as a program: `node self-test.js FILE`. It multiplies two
 * matrices, has the product copied into shared memory, and writes what it found as one line.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Binding } from '../binding.js';

const load = createRequire(import.meta.url);
const binding = load(process.argv[2]!) as Binding;

const attributes = [
  ...['transpose_a', 'transpose_b'].map((name) => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value: false,
  })),
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];
const a = binding.createTensor([2, 2], binding.TF_FLOAT, Float32Array.of(1, 2, 3, 4));
const b = binding.createTensor([2, 1], binding.TF_FLOAT, Float32Array.of(5, 6));
const [product] = binding.executeOp('MatMul', attributes, [a, b], 1);
const shared = new Float32Array(new SharedArrayBuffer(8));
binding.copyTensorData(product!.id, shared);
assert.deepEqual([...shared], [17, 39]);
assert.throws(() => {
  binding.copyTensorData(product!.id, new Float32Array(3));
}, /8 bytes/);

const devices = [binding.isUsingGpuDevice() ? 'GPU' : 'CPU'];
console.log(`self-test ${JSON.stringify({ tensorflow: binding.TF_Version, devices })}`);
