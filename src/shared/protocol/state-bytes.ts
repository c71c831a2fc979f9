import { LockstepError } from '../errors.js';
import { MAX_PAYLOAD_BYTES } from '../wire/frame.js';

/**
 * A state (named vectors) as one piece of bytes, and cut in segments, as it travels to a worker
 * that joins and to the coordinator that stores it.
 *
 *   0   4   uint32, little-endian: length of the table
 *   4   …   the table: JSON, [[name, bytes], …]
 *   …   …   the vectors' bytes, one after the other
 */
export type NamedBytes = ReadonlyMap<string, Uint8Array>;

export function packState(state: NamedBytes): Uint8Array {
  const table = Buffer.from(JSON.stringify([...state].map(([name, b]) => [name, b.byteLength])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(table.length);
  return Buffer.concat([length, table, ...state.values()]);
}

/** The vectors as copies of their own. Throws TRAINER_STATE_MISMATCH. */
export function unpackState(bytes: Uint8Array): NamedBytes {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = whole.length < 4 ? Infinity : 4 + whole.readUInt32LE(0);
  if (start > whole.length) throw malformed();
  const state = new Map<string, Uint8Array>();
  let at = start;
  for (const [name, length] of tableIn(whole.subarray(4, start))) {
    state.set(name, new Uint8Array(whole.subarray(at, at + length)));
    at += length;
  }
  if (at !== whole.length) throw malformed();
  return state;
}

export function stateSegments(bytes: Uint8Array): number {
  return Math.max(1, Math.ceil(bytes.length / MAX_PAYLOAD_BYTES));
}

export function stateSegment(bytes: Uint8Array, segment: number): Uint8Array {
  return bytes.subarray(segment * MAX_PAYLOAD_BYTES, (segment + 1) * MAX_PAYLOAD_BYTES);
}

function tableIn(bytes: Buffer): [string, number][] {
  let table: unknown;
  try {
    table = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw malformed();
  }
  const isEntry = (entry: unknown): entry is [string, number] =>
    Array.isArray(entry) &&
    entry.length === 2 &&
    typeof entry[0] === 'string' &&
    Number.isSafeInteger(entry[1]) &&
    entry[1] >= 0;
  if (!Array.isArray(table) || !table.every(isEntry)) throw malformed();
  if (new Set(table.map(([name]) => name)).size < table.length) throw malformed();
  return table;
}

function malformed(): LockstepError {
  return new LockstepError(
    'TRAINER_STATE_MISMATCH',
    'The bytes that came as a state of the run are not one.',
    { hint: 'Report this: every segment of them had the right checksum.' },
  );
}
