import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import { LockstepError } from '../../shared/errors.js';
import type { FaultPoint } from './atomic-file.js';

/**
 * A checkpoint file. Numbers are little-endian; all is padded with zeros to 64-byte borders, so
 * that sections can be viewed as arrays of any type.
 *
 *   0        8   "LOCKSTEP"
 *   8        4   uint32 format version
 *   12       4   uint32 length of the header
 *   16       …   header, JSON in UTF-8, padded
 *   …        …   the sections, in the header's order, each padded
 *   end−32   32  SHA-256 of all before it
 */
const MAGIC = Buffer.from('LOCKSTEP', 'latin1');
export const CHECKPOINT_VERSION = 1;
const PREFIX_BYTES = 16;
const DIGEST_BYTES = 32;
const ALIGNMENT = 64;
const CHUNK_BYTES = 1 << 20;
const MAX_HEADER_BYTES = 1 << 24;

const headerSchema = z.object({
  /** Optimizer steps done. */
  step: z.int().min(0),
  /** Epoch that step belongs to, from 1; 0 before the first. */
  epoch: z.int().min(0),
  /** What the run is, by name: digests of all that decides its bits. */
  identity: z.record(z.string(), z.string()),
  /** Digests of the state: weights, lineage … */
  digests: z.record(z.string(), z.string()),
  /** Replicated state that is not an array: accumulators, best value, learning rate … */
  state: z.record(z.string(), z.json()),
  sections: z.array(z.object({ name: z.string(), bytes: z.int().min(0) })),
});

export type JsonValue = z.output<ReturnType<typeof z.json>>;
type Header = z.output<typeof headerSchema>;

/** The state of a run between two steps. */
export interface Checkpoint extends Readonly<Omit<Header, 'sections'>> {
  /** Named arrays, as bytes: weights, moments … The caller keeps them still until saved. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

const padding = (length: number): number => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

/**
 * Writes a checkpoint from the start of `file`. Bytes go through a private copy of at most 1 MiB,
 * so that the digest is of what is written even where a section lies in shared memory.
 */
export async function writeCheckpoint(
  file: FileHandle,
  checkpoint: Checkpoint,
  faultPoint: FaultPoint,
): Promise<void> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const put = async (bytes: Uint8Array): Promise<void> => {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const part = bytes.subarray(start, start + CHUNK_BYTES);
      chunk.set(part);
      const copy = chunk.subarray(0, part.length);
      hash.update(copy);
      await writeFully(file, copy);
    }
  };
  await put(encodeHeader(checkpoint));
  await faultPoint('checkpoint:header');
  for (const [name, bytes] of checkpoint.sections) {
    const half = bytes.length >> 1;
    await put(bytes.subarray(0, half));
    await faultPoint(`checkpoint:half:${name}`);
    await put(bytes.subarray(half));
    await put(new Uint8Array(padding(bytes.length)));
  }
  await writeFully(file, hash.digest());
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

function encodeHeader({ sections, ...rest }: Checkpoint): Uint8Array {
  const list = [...sections].map(([name, bytes]) => ({ name, bytes: bytes.length }));
  const json = Buffer.from(JSON.stringify({ ...rest, sections: list }), 'utf8');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(CHECKPOINT_VERSION, 8);
  prefix.writeUInt32LE(json.length, 12);
  return Buffer.concat([prefix, json, Buffer.alloc(padding(PREFIX_BYTES + json.length))]);
}

/**
 * Reads a checkpoint and proves it whole.
 * @param content the file; sections are views of it, at 64-byte borders of its memory.
 * @throws LockstepError CHECKPOINT_CORRUPT saying what is wrong.
 */
export function readCheckpoint(content: Uint8Array, path: string): Checkpoint {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw corrupt(path, 'it does not begin as a checkpoint does');
  }
  if (body.length < PREFIX_BYTES) throw corrupt(path, 'it is cut off');
  const version = bytes.readUInt32LE(8);
  if (version !== CHECKPOINT_VERSION) {
    throw corrupt(
      path,
      `its format is version ${String(version)}, expected ${String(CHECKPOINT_VERSION)}`,
    );
  }
  const digest = createHash('sha256').update(body).digest();
  if (!digest.equals(bytes.subarray(body.length))) {
    throw corrupt(path, 'its bytes do not match its SHA-256: it is cut off or damaged');
  }
  return decode(body, path);
}

function decode(body: Buffer, path: string): Checkpoint {
  const length = body.readUInt32LE(12);
  const end = PREFIX_BYTES + length;
  if (length > MAX_HEADER_BYTES || end > body.length) throw corrupt(path, 'its header is too long');
  const { sections: list, ...header } = parseHeader(body.toString('utf8', PREFIX_BYTES, end), path);
  const sections = new Map<string, Uint8Array>();
  let offset = end + padding(end);
  for (const { name, bytes } of list) {
    if (offset + bytes > body.length) throw corrupt(path, `section ${name} is cut off`);
    sections.set(name, body.subarray(offset, offset + bytes));
    offset += bytes + padding(bytes);
  }
  if (offset !== body.length) throw corrupt(path, 'it holds bytes that its header does not name');
  return { ...header, sections };
}

function parseHeader(text: string, path: string): Header {
  try {
    return headerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw corrupt(path, 'its header is not as expected', error);
  }
}

function corrupt(path: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError('CHECKPOINT_CORRUPT', `${path} is not a valid checkpoint: ${reason}.`, {
    hint: 'Delete it; an older one is used instead.',
    where: { path },
    cause,
  });
}
