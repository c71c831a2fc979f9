export type Values = Float32Array | Int32Array;

/** A function of tensors, ready to be run in this thread. */
export interface Computer {
  /**
   * `inputs`: one array for each input, sizes for `batch` samples. Writes each output to its array.
   * `draw` takes the place of Math.random meanwhile, where the function runs in JavaScript.
   */
  run(
    batch: number,
    inputs: readonly Values[],
    outputs: readonly Values[],
    draw: () => number,
  ): void;
}
