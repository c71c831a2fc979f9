import { MAX_PAYLOAD_BYTES } from '../../shared/wire/frame.js';
import { crc32c } from '../../shared/wire/crc32c.js';
import type { DataPiece, WantData } from '../../shared/wire/session.js';

/** What workers may ask for by its digest: the decoded data set, the initial weights. */
export type Blobs = ReadonlyMap<string, Blob>;

/** Bytes in memory, or in a file. */
export interface Blob {
  readonly length: number;
  /** A copy of bytes first … end − 1. */
  slice(first: number, end: number): Uint8Array;
  /** Nothing more is asked for. */
  close?(): void;
}

/** The pieces of a blob that answer a request, in order; none where there is no such blob. */
export function* piecesOf(blobs: Blobs, { digest, first, end }: WantData): Generator<DataPiece> {
  const blob = blobs.get(digest);
  if (blob === undefined) return;
  const last = Math.min(end, blob.length);
  for (let at = first; at < last; at += MAX_PAYLOAD_BYTES) {
    // A copy: the blob may lie in shared memory, which a socket does not take.
    const payload = blob.slice(at, Math.min(last, at + MAX_PAYLOAD_BYTES));
    yield { kind: 'data', digest, first: at, checksum: crc32c(payload), payload };
  }
}
