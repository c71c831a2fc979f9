/** Elements first … end − 1 of a vector: one thread's share of work that is split by elements. */
export interface Slice {
  readonly first: number;
  readonly end: number;
}

/** Slices begin at multiples of 16 elements (a cache line; the digest's kernel relies on it). */
const GRAIN = 16;

/** Part `part` of `parts` of a vector of `length` elements; may be empty. */
export function sliceOf(length: number, part: number, parts: number): Slice {
  const grains = Math.ceil(length / GRAIN);
  const bound = (index: number): number =>
    Math.min(length, Math.floor((grains * index) / parts) * GRAIN);
  return { first: bound(part), end: bound(part + 1) };
}
