import { crc32c } from '../wire/crc32c.js';
import type { Tally } from './control.js';
import type { Lineage, PieceName } from './names.js';

/**
 * Checksums of what travels, over its name and its bytes: made where the bytes are made, checked
 * where they are used. A frame that was damaged, or that says that it is another, is told by it.
 */

/** Of a piece; `digest` is `digestSlice` of its elements at their places in the row. uint32. */
export function pieceChecksum(
  { step, lineage, node, segment }: PieceName,
  { samples, correct, hash }: Tally,
  digest: bigint,
): number {
  return ofText(
    `piece ${step} ${lineage} ${node.first}-${node.end}/${segment} ${samples} ${correct} ${hash} ${digest}`,
  );
}

/** Of a segment of a captured state. uint32. */
export function snapshotChecksum(
  name: {
    readonly applied: number;
    readonly lineage: Lineage;
    readonly segment: number;
    readonly segments: number;
  },
  bytes: Uint8Array,
): number {
  const { applied, lineage, segment, segments } = name;
  return crc32c(bytes, ofText(`snapshot ${applied} ${lineage} ${segment}/${segments}`));
}

const ofText = (text: string): number => crc32c(Buffer.from(text, 'latin1'));
