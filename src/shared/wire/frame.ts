import { Packr, Unpackr } from 'msgpackr';
import * as z from 'zod';
import { LockstepError } from '../errors.js';
import type { Failure } from '../protocol/messages.js';
import { crc32c } from './crc32c.js';
import { outwardFailure } from './failure.js';
import { msgpackFault } from './msgpack-shape.js';

/**
 * A message as bytes. Numbers are little-endian.
 *
 *   0   1   version of the protocol
 *   1   3   zeros
 *   4   4   uint32 length of the header
 *   8   4   uint32 CRC-32C of the header
 *   12  …   the header: the message in msgpack, without the bytes that it carries
 *   …   …   those bytes, to the end: a segment of a row, of a state, or of a data set
 *
 * The header's checksum is checked here; the bytes have one of their own in the header, made where
 * they were made, and checked where they are used.
 */
export const PROTOCOL_VERSION = 1;
const PREFIX_BYTES = 12;
export const MAX_HEADER_BYTES = 4 << 20;
/** The most bytes that a message carries. */
export const MAX_PAYLOAD_BYTES = 1 << 20;
export const MAX_FRAME_BYTES = PREFIX_BYTES + MAX_HEADER_BYTES + MAX_PAYLOAD_BYTES;

/** A fault takes 700 bytes: those of a large header are not listed. */
const LARGE_HEADER_BYTES = 1 << 16;
const MOST_ISSUES = 3;
const MOST_REASON = 500;

const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });

/** Messages that carry bytes, in `payload`; a relay has them in the message that it passes on. */
interface Carrier {
  readonly kind: string;
  readonly payload?: unknown;
  readonly message?: unknown;
  readonly failure?: Failure | null;
  readonly report?: unknown;
}

/** What goes to many as one object is encoded once: orders, and the pieces of sums. */
const SHARED: ReadonlySet<string> = new Set(['orders', 'piece']);
const encoded = new WeakMap<object, Buffer>();

/** Throws LOCKSTEP_INTERNAL where the message is larger than any peer accepts. */
export function encodeFrame<Message extends Carrier>(message: Message): Buffer {
  if (!SHARED.has(message.kind)) return frameOf(message);
  const frame = encoded.get(message) ?? frameOf(message);
  encoded.set(message, frame);
  return frame;
}

function frameOf<Message extends Carrier>(message: Message): Buffer {
  const { header, payload } = split(withoutCause(message));
  const packed = packr.pack(header);
  if (packed.length > MAX_HEADER_BYTES || (payload?.length ?? 0) > MAX_PAYLOAD_BYTES) {
    throw new LockstepError(
      'LOCKSTEP_INTERNAL',
      `A ${message.kind} of ${packed.length} and ${payload?.length ?? 0} bytes fits no frame: ` +
        `${MAX_HEADER_BYTES} and ${MAX_PAYLOAD_BYTES} are allowed.`,
    );
  }
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(PROTOCOL_VERSION, 0);
  prefix.writeUInt32LE(packed.length, 4);
  prefix.writeUInt32LE(crc32c(packed), 8);
  return Buffer.concat(payload === null ? [prefix, packed] : [prefix, packed, payload]);
}

/**
 * The message in `frame`, its bytes as a view of it. Throws WIRE_INVALID with the reason, whatever
 * the bytes are.
 */
export function decodeFrame<Message extends Carrier>(
  frame: Uint8Array,
  schema: z.ZodType<Message>,
): Message {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const headerBytes = checkPrefix(bytes);
  const packed = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  const fault = msgpackFault(packed);
  if (fault !== null) throw invalid(`its header is not one: ${fault}`);
  const value: unknown = unpackr.unpack(packed);
  if (packed.length > LARGE_HEADER_BYTES && !schema.validate(value)) {
    throw invalid('its header, a large one, is of no kind that is expected here');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(reasonIn(parsed.error));
  return join(parsed.data, bytes.subarray(PREFIX_BYTES + headerBytes));
}

function checkPrefix(bytes: Buffer): number {
  if (bytes.length < PREFIX_BYTES) throw invalid(`it has ${bytes.length} bytes`);
  const version = bytes.readUInt8(0);
  if (version !== PROTOCOL_VERSION) {
    throw invalid(`it is of version ${version}, this is version ${PROTOCOL_VERSION}`);
  }
  if (bytes.readUIntLE(1, 3) !== 0) throw invalid('its second to fourth byte are not zeros');
  const length = bytes.readUInt32LE(4);
  const left = bytes.length - PREFIX_BYTES;
  if (length > Math.min(MAX_HEADER_BYTES, left)) {
    throw invalid(`its header should have ${length} bytes; ${left} are left`);
  }
  if (left - length > MAX_PAYLOAD_BYTES) {
    throw invalid(`it carries ${left - length} bytes; ${MAX_PAYLOAD_BYTES} are allowed`);
  }
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  if (crc32c(header) !== bytes.readUInt32LE(8)) throw invalid('its header is damaged');
  return length;
}

/** What it arose from is for the log of this process, and may be anything. */
function withoutCause<Message extends Carrier>(message: Message): Message {
  const { failure, report } = message;
  return {
    ...message,
    ...(failure ? { failure: outwardFailure(failure) } : {}),
    ...(report ? { report: withoutCause(report as Carrier) } : {}),
  };
}

function split(message: Carrier): { header: object; payload: Uint8Array | null } {
  if (message.payload instanceof Uint8Array) {
    const { payload, ...header } = message;
    return { header, payload };
  }
  if (message.kind === 'relay') {
    const { header, payload } = split(message.message as Carrier);
    return { header: { ...message, message: header }, payload };
  }
  return { header: message, payload: null };
}

const CARRIERS: ReadonlySet<string> = new Set(['piece', 'snapshot-piece', 'data']);

function join<Message extends Carrier>(header: Message, payload: Uint8Array): Message {
  if (header.kind === 'relay') {
    return { ...header, message: join(header.message as Carrier, payload) };
  }
  if (CARRIERS.has(header.kind)) return { ...header, payload };
  if (payload.length > 0) throw invalid(`a ${header.kind} carries no bytes`);
  return header;
}

function reasonIn({ issues }: z.ZodError): string {
  const faults = issues.slice(0, MOST_ISSUES).map(({ path, message }) => {
    return path.length === 0 ? message : `${message} at ${path.join('.')}`;
  });
  return faults.join('; ').slice(0, MOST_REASON);
}

/** What is not printable, a terminal may obey. */
const printable = (text: string): string => text.replace(/[^ -~]/g, '?');

function invalid(reason: string): LockstepError {
  return new LockstepError('WIRE_INVALID', `A frame was refused: ${printable(reason)}.`, {
    hint: 'Run the same version of Lockstep everywhere; look for what else speaks to this address.',
  });
}
