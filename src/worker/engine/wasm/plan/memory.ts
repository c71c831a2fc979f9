/**
 * Where buffers stand in a region of memory: buffers whose lifetimes overlap must not overlap in
 * space, all others may share it.
 */
export interface Lifetime {
  readonly bytes: number;
  /** First and last moment, inclusive, on any integer clock. */
  readonly from: number;
  readonly to: number;
}

export interface Placement {
  /** Byte offset of each buffer, in the order given: multiples of `ALIGNMENT`. */
  readonly offsets: readonly number[];
  /** Bytes of the region that they need. */
  readonly bytes: number;
}

/** Bytes: a cache line, so that no two buffers share one. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * Places buffers greedily, the largest first, each at the lowest offset where it fits ("greedy by
 * size", Pisarchyk & Lee, arXiv:2001.03288, section 5.1). The order is total, so that the same
 * buffers always get the same places.
 */
export function placeBuffers(buffers: readonly Lifetime[]): Placement {
  const order = buffers
    .map((buffer, index) => ({ ...buffer, bytes: align(buffer.bytes), index }))
    .sort((a, b) => b.bytes - a.bytes || a.from - b.from || a.index - b.index);
  const placed: (Lifetime & { readonly offset: number })[] = []; // by offset
  const offsets = new Array<number>(buffers.length).fill(0);
  let bytes = 0;
  for (const buffer of order) {
    let offset = 0;
    for (const other of placed) {
      if (other.from > buffer.to || other.to < buffer.from) continue;
      if (other.offset >= offset + buffer.bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    const after = placed.findIndex((other) => other.offset > offset);
    placed.splice(after < 0 ? placed.length : after, 0, { ...buffer, offset });
    offsets[buffer.index] = offset;
    bytes = Math.max(bytes, offset + buffer.bytes);
  }
  return { offsets, bytes };
}
