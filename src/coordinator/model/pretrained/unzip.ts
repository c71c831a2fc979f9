import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
/** Stands where a ZIP64 archive has its true numbers elsewhere. */
const [ELSEWHERE_16, ELSEWHERE_32] = [0xffff, 0xffffffff];
/** How many bytes DEFLATE can make of one, at the most: https://zlib.net/zlib_tech.html */
export const GREATEST_RATIO = 1032;

/**
 * One file of a ZIP archive (PKWARE APPNOTE 6.3), stored or deflated; null where there is none of
 * that name. Of an archive that lies about sizes no more is unpacked than it says. Throws RangeError
 * where the archive is damaged, or a ZIP64.
 */
export function unzipFile(archive: Buffer, name: string): Buffer | null {
  const end = endOfDirectory(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count === ELSEWHERE_16 || at === ELSEWHERE_32) throw zip64();
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
  const [checksum, packed, size, local] = [16, 20, 24, 42].map((field) =>
    archive.readUInt32LE(entry + field),
  ) as [number, number, number, number];
  if ([packed, size, local].includes(ELSEWHERE_32)) throw zip64();
  if (archive.readUInt32LE(local) !== LOCAL_ENTRY) throw new RangeError('a damaged archive');
  const first = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(first, first + packed);
  if (method !== 0 && method !== 8) {
    throw new RangeError(`compression method ${method} is not known`);
  }
  const unpacked = method === 0 ? bytes : inflate(bytes, size);
  if (unpacked.length !== size || crc32(unpacked) !== checksum) {
    throw new RangeError('a damaged archive: what is in it is not what it says');
  }
  return unpacked;
}

/** At most `size` bytes. */
function inflate(packed: Buffer, size: number): Buffer {
  if (size > packed.length * GREATEST_RATIO) {
    throw new RangeError('a damaged archive: so much cannot be packed in it');
  }
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw new RangeError('a damaged archive: it cannot be unpacked to the size it says', { cause });
  }
}

const zip64 = (): RangeError =>
  new RangeError('it is a ZIP64 archive, which is not read; save .weights.h5 instead');
