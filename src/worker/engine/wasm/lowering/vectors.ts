import type { MapShape, TensorRef, Window } from '../plan/lowering.js';

/** Groups of four channels of a map. */
export function blocksOf(shape: MapShape): number {
  return Math.ceil(shape.channels / 4);
}

export function pixelsOf(shape: MapShape): number {
  return shape.height * shape.width;
}

/** Vectors of four float32 that a sample takes. */
export function vectorsOf({ shape }: TensorRef): number {
  return blocksOf(shape) * pixelsOf(shape);
}

/** Sizes of input and output, then of the window, in the order in which the kernels take them. */
export function windowArguments(input: MapShape, output: MapShape, window: Window): number[] {
  return [
    input.height,
    input.width,
    output.height,
    output.width,
    ...window.kernel,
    ...window.strides,
    ...window.dilation,
    ...window.pad,
  ];
}
