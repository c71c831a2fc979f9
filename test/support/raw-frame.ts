import { Packr, Unpackr } from 'msgpackr';
import { crc32c } from '#src/shared/wire/crc32c.js';

export const packr = new Packr({ useRecords: false, variableMapSize: true });

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });

/** The header of a frame, decoded and not checked, and its bytes. */
export function partsOf(frame: Buffer): { header: Record<string, unknown>; payload: Buffer } {
  const end = 12 + frame.readUInt32LE(4);
  const header = unpackr.unpack(frame.subarray(12, end)) as Record<string, unknown>;
  return { header, payload: frame.subarray(end) };
}

/** A frame around any header, with lengths and checksum as they should be unless others are given. */
export function rawFrame(
  header: Uint8Array,
  payload: Uint8Array = new Uint8Array(0),
  { version = 1, length = header.length, checksum = crc32c(header) } = {},
): Buffer {
  const prefix = Buffer.alloc(12);
  prefix.writeUInt8(version, 0);
  prefix.writeUInt32LE(length, 4);
  prefix.writeUInt32LE(checksum, 8);
  return Buffer.concat([prefix, header, payload]);
}
