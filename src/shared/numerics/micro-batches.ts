/**
 * How the n samples of a step are cut into micro-batches: k = ⌈n / b⌉ of them, whose sizes differ
 * by at most one, larger first. The micro-batch is the only unit of compute, randomness and
 * reduction, so this cut depends on n and b alone, never on who computes.
 */

/** Indices first, first + 1, …, end − 1. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** k: how many micro-batches of at most `microBatch` samples hold `samples` samples. */
export function microBatchCount(samples: number, microBatch: number): number {
  return Math.ceil(samples / microBatch);
}

/** The samples (places within the step's batch) of micro-batch `index` of `count`. */
export function microBatchRange(samples: number, count: number, index: number): Range {
  const size = Math.floor(samples / count);
  const larger = samples % count;
  const first = index * size + Math.min(index, larger);
  return { first, end: first + size + (index < larger ? 1 : 0) };
}

/** What of `range` is not among `taken`, as ranges in order. */
export function rangesWithout(
  { first, end }: Range,
  taken: { readonly has: (index: number) => boolean },
): readonly Range[] {
  const parts: Range[] = [];
  for (let index = first; index < end; index++) {
    const last = parts[parts.length - 1];
    if (taken.has(index)) continue;
    if (last?.end === index) parts[parts.length - 1] = { first: last.first, end: index + 1 };
    else parts.push({ first: index, end: index + 1 });
  }
  return parts;
}
