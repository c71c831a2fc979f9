import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;

/**
 * One file of a ZIP archive (PKWARE APPNOTE 6.3), stored or deflated; null where there is none of
 * that name. Throws RangeError or zlib's error where the archive is damaged.
 */
export function unzipFile(archive: Buffer, name: string): Buffer | null {
  const end = endOfDirectory(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new RangeError('a damaged archive');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      archive.readUInt16LE(at + field),
    ) as [number, number, number];
    const entry = archive.toString('utf8', at + 46, at + 46 + nameBytes);
    if (entry === name) return contents(archive, at);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return null;
}

function endOfDirectory(archive: Buffer): number {
  const least = Math.max(0, archive.length - END_BYTES - LONGEST_COMMENT);
  for (let at = archive.length - END_BYTES; at >= least; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new RangeError('it is no ZIP archive');
}

function contents(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packed = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  if (archive.readUInt32LE(local) !== LOCAL_ENTRY) throw new RangeError('a damaged archive');
  const first = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(first, first + packed);
  if (method === 0) return bytes;
  if (method === 8) return inflateRawSync(bytes);
  throw new RangeError(`compression method ${method} is not known`);
}
