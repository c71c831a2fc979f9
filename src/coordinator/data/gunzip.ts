/**
 * Unpacks IDX files that are compressed with gzip. What a header announces is believed only as
 * far as the length of the compressed file allows, so that a damaged one cannot fill the memory.
 */
import { constants } from 'node:buffer';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { readIdxHeader, type IdxKind } from '../../shared/data/idx.js';
import { LockstepError } from '../../shared/errors.js';
import { messageOf } from './read-file.js';

/** Deflate makes at most 1032 bytes of one (zlib's "Technical details", maximum expansion). */
const MOST_EXPANSION = 1032;
/** An IDX header of rank 4. */
const HEADER_BYTES = 20;
const CHUNK_BYTES = 1 << 20;
/** The place of damage is told to this many compressed bytes. */
const PLACE_BYTES = 1 << 16;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * @returns the IDX file inside, at most one byte longer than its header announces
 * @throws LockstepError DATA_GZIP_INVALID; DATA_IDX_INVALID where the header inside is faulty
 */
export function gunzipIdx(bytes: Uint8Array, kind: IdxKind, file: string): Uint8Array {
  const head = unpackHead(bytes, file);
  // Less than that is all there is: unpacking it tells whether it is cut short.
  const announced =
    head.length < HEADER_BYTES ? HEADER_BYTES : readIdxHeader(head, kind, file).fileBytes;
  if (announced > bytes.length * MOST_EXPANSION) {
    throw invalid(
      file,
      `is cut short: ${bytes.length} compressed bytes cannot hold the ${announced} bytes that ` +
        'the header inside announces',
    );
  }
  const { output, used } = unpack(bytes, Math.min(announced + 1, constants.MAX_LENGTH), file);
  if (output.length <= announced && used < bytes.length) {
    throw invalid(file, `has ${bytes.length - used} bytes too many, from byte ${used} on`);
  }
  return output;
}

/** The first bytes of the unpacked file. */
function unpackHead(bytes: Uint8Array, file: string): Uint8Array {
  for (let length = 1024; ; length *= 4) {
    const head = unpackPrefix(bytes.subarray(0, length));
    if (head === undefined) throw damaged(bytes, file, 'its first block is damaged');
    if (head.length >= HEADER_BYTES || length >= bytes.length) return head;
  }
}

function unpack(bytes: Uint8Array, most: number, file: string) {
  try {
    const { buffer, engine } = gunzipSync(bytes, {
      info: true,
      maxOutputLength: most,
      chunkSize: CHUNK_BYTES,
    } as object) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { output: buffer, used: engine.bytesWritten };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw invalid(file, `holds more than the ${most - 1} bytes that the header inside announces`);
    }
    if (code === 'Z_BUF_ERROR') {
      throw invalid(file, `is cut short: it ends at byte ${bytes.length}, before its gzip trailer`);
    }
    throw damaged(bytes, file, messageOf(error), error);
  }
}

/** What a beginning of the file unpacks to, or undefined where it is damaged. */
function unpackPrefix(prefix: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(prefix, { finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES });
  } catch {
    return undefined;
  }
}

function damaged(bytes: Uint8Array, file: string, reason: string, cause?: unknown): LockstepError {
  // A wrong checksum of the whole is seen only at its end, and its place cannot be told.
  if (/data check|length check/.test(reason)) {
    return invalid(file, `is damaged: what it holds has not the checksum in its trailer`, cause);
  }
  let sound = 0;
  let faulty = bytes.length;
  while (faulty - sound > PLACE_BYTES) {
    const middle = (sound + faulty) >>> 1;
    if (unpackPrefix(bytes.subarray(0, middle)) === undefined) faulty = middle;
    else sound = middle;
  }
  const place = `between byte ${sound} and byte ${faulty}`;
  if (/header check/.test(reason)) {
    return invalid(file, `has bytes behind its end that are no gzip data, ${place}`, cause);
  }
  return invalid(file, `is damaged ${place} (${reason})`, cause);
}

function invalid(file: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError('DATA_GZIP_INVALID', `${file} ${what}.`, {
    cause,
    where: { file },
    hint: 'Copy or fetch the file again.',
  });
}
