/** What flows between the twin's layers: float64, channels last, as tfjs has it. */
export interface Map64 {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [count][height][width][channels]. */
  readonly values: Float64Array;
}

/** Zeros for as many samples as `like` has. */
export function zeros(like: Map64, height: number, width: number, channels: number): Map64 {
  const values = new Float64Array(like.count * height * width * channels);
  return { count: like.count, height, width, channels, values };
}

/** Zeros of the same shape. */
export function zerosLike(map: Map64): Map64 {
  return { ...map, values: new Float64Array(map.values.length) };
}

export function largest(values: Float64Array | Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
