import type { LoweredNode } from './kernel-harness.js';
import { elements, randomValues, relativeError } from './kernel-harness.js';
import type { ConvCase } from './conv-oracle.js';
import { convForward, convGradients, kernelElements } from './conv-oracle.js';

/** Largest errors of a lowered convolution or dense layer against float64, relative to the largest. */
export interface ConvErrors {
  readonly forward: number;
  readonly input: number;
  readonly kernel: number;
  readonly bias: number;
}

export interface ConvData {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly bias: Float32Array;
  readonly dy: Float32Array;
}

export function convData(c: ConvCase, seed: number): ConvData {
  return {
    x: randomValues(seed, c.batch * elements(c.input)),
    w: randomValues(seed + 1, kernelElements(c)),
    bias: randomValues(seed + 2, c.output.channels),
    dy: randomValues(seed + 3, c.batch * elements(c.output)),
  };
}

/**
 * Runs prepare, forward and backward and compares all results. `relu`: with ReLU and its mask in
 * backward; the oracle masks by the kernel's own output, so that no value near zero decides.
 */
export function convErrors(
  node: LoweredNode,
  c: ConvCase,
  data: ConvData,
  relu: boolean,
  parts = 1,
): ConvErrors {
  node.setWeight('kernel', data.w);
  node.setWeight('bias', data.bias);
  node.prepare(parts);
  node.setInput(0, data.x);
  const y = node.forward(c.batch);
  node.backward(data.dy);
  const masked = relu ? data.dy.map((g, i) => (y[i]! > 0 ? g : 0)) : data.dy;
  const expected = convGradients(c, data.x, data.w, masked);
  return {
    forward: relativeError(y, convForward(c, data.x, data.w, data.bias, relu)),
    input: relativeError(node.inputGradient(0, c.batch), expected.input),
    kernel: relativeError(node.gradient('kernel'), expected.kernel),
    bias: relativeError(node.gradient('bias'), expected.bias),
  };
}
