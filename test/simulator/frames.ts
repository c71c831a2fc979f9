import { floatBits } from '#src/shared/numerics/float-bits.js';
import { nodeKey, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import type { Message } from '#src/shared/protocol/messages.js';
import type { Gradient } from '#src/worker/machine/state.js';
import { checksumOf, rowDigest, segmentOf, type State } from './model.js';
import type { Random } from './random.js';

/** What rims and network do to frames: name them, sum them up, damage them. */

const SNAPSHOT_SEGMENTS = 3;

export function snapshotPiece(
  run: string,
  from: string,
  applied: number,
  lineage: string,
  segment: number,
  state: State,
): Extract<Message, { kind: 'snapshot-piece' }> {
  const all = flat(state);
  const payload = segmentOf(all, segment, SNAPSHOT_SEGMENTS);
  const checksum = checksumOf(`snapshot ${applied} ${lineage} ${segment}`, null, payload);
  const segments = SNAPSHOT_SEGMENTS;
  return {
    kind: 'snapshot-piece',
    run,
    from,
    applied,
    lineage,
    segment,
    segments,
    checksum,
    payload,
  };
}

/** A state as one vector: whatever is no number as the codes of its text. */
function flat({ weights, moments, best, standing }: State): Float32Array {
  const codes = [...JSON.stringify(standing)].map((letter) => letter.charCodeAt(0));
  return Float32Array.from([...weights, ...moments, ...best, ...codes]);
}

/** The state that `flat` was made of; `elements`: of each of its vectors. */
export function unflat(all: readonly number[], elements: number): State {
  const part = (at: number): Float32Array =>
    Float32Array.from(all.slice(at * elements, (at + 1) * elements));
  const text = String.fromCharCode(...all.slice(3 * elements));
  const standing = JSON.parse(text) as State['standing'];
  return { weights: part(0), moments: part(1), best: part(2), standing };
}

/** What a rim finds when it sums up a frame that has come. */
export function measure(message: Message): number {
  if (message.kind === 'piece') {
    const { step, lineage, node, segment, tally, payload } = message;
    return checksumOf(nameOf(step, lineage, node, segment), tally, payload as Float32Array);
  }
  if (message.kind === 'snapshot-piece') {
    const { applied, lineage, segment, payload } = message;
    return checksumOf(`snapshot ${applied} ${lineage} ${segment}`, null, payload as Float32Array);
  }
  return 0;
}

/** A piece as it leaves, whatever it is named now. */
export function summedUp(message: Message): Message {
  if (message.kind === 'piece') return { ...message, checksum: measure(message) };
  if (message.kind !== 'relay' || message.message.kind !== 'piece') return message;
  return { ...message, message: { ...message.message, checksum: measure(message.message) } };
}

export function nameOf(step: number, lineage: string, node: TreeNode, segment: number): string {
  return `${step} ${lineage} ${nodeKey(node)} ${segment}`;
}

export function gradientOf(row: Float32Array): Gradient {
  const finite = row.every((value) => Number.isFinite(value));
  return {
    digest: rowDigest(row),
    lossBits: floatBits(row[row.length - 1]!),
    nonFinite: finite ? null : 'a gradient',
  };
}

export function kindOf(message: Message): string {
  return message.kind === 'relay' ? message.message.kind : message.kind;
}

/** Bits flipped on the way: in a frame of data its checksum tells; others are not even parsed. */
export function corrupted(message: Message, random: Random): Message | null {
  if (message.kind !== 'piece' && message.kind !== 'snapshot-piece') return null;
  const payload = (message.payload as Float32Array).slice();
  if (payload.length === 0) return null;
  const words = new Uint32Array(payload.buffer);
  words[random.integer(0, words.length - 1)]! ^= 1 << random.integer(0, 22);
  return { ...message, payload };
}

/** A frame of a fork of the run: well made, of another lineage. */
export function strayed(message: Extract<Message, { kind: 'piece' }>): Message {
  const payload = (message.payload as Float32Array).map((value) => value + 1);
  const { step, node, segment, tally } = message;
  const lineage = 'f0f0f0f0f0f0f0f0';
  const checksum = checksumOf(nameOf(step, lineage, node, segment), tally, payload);
  return { ...message, lineage, payload, checksum };
}
