import type { WebSocket, RawData } from 'ws';
import type * as z from 'zod';
import { LockstepError } from '../errors.js';
import { decodeFrame, encodeFrame } from '../wire/frame.js';
import type { Link } from './link.js';

export interface SocketLinkOptions<In> {
  readonly peer: string;
  /** What the other end may say. */
  readonly accepts: z.ZodType<In>;
  /** Bytes on their way before `send` waits. */
  readonly capacityBytes?: number;
  /** How long `send` waits for room. */
  readonly timeoutMillis?: number;
  /** Told of a frame that breaks the protocol; the link is closed then. */
  readonly onInvalid?: (error: LockstepError) => void;
}

const CAPACITY_BYTES = 64 << 20;
const TIMEOUT_MILLISECONDS = 30_000;
/** WebSocket's code for a message that breaks the protocol (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;
/** The most that a close frame's reason may hold. */
const MOST_REASON_BYTES = 120;
/** A peer that does not answer a close is cut off. */
const CLOSE_MILLISECONDS = 2000;

/** A link over an open WebSocket. */
export class SocketLink<
  Out extends { readonly kind: string },
  In extends { readonly kind: string },
> implements Link<Out, In> {
  readonly peer: string;
  readonly closed: Promise<string>;
  readonly #socket: WebSocket;
  readonly #options: SocketLinkOptions<In>;
  #handler: ((message: In) => void) | null = null;
  readonly #early: In[] = [];
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #settleClosed!: (reason: string) => void;
  #isClosed = false;

  constructor(socket: WebSocket, options: SocketLinkOptions<In>) {
    this.#socket = socket;
    this.#options = options;
    this.peer = options.peer;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    socket.on('message', (data, isBinary) => {
      this.#take(data, isBinary);
    });
    socket.on('close', (code, reason) => {
      this.#ended(reason.length > 0 ? reason.toString('utf8') : `connection closed (${code})`);
    });
    socket.on('error', (error) => {
      this.#ended(error.message);
    });
    if (socket.readyState !== socket.OPEN) this.#ended('the connection was closed');
  }

  async send(message: Out): Promise<void> {
    const frame = encodeFrame(message);
    if (this.#socket.bufferedAmount > (this.#options.capacityBytes ?? CAPACITY_BYTES)) {
      await this.#room();
    }
    if (this.#isClosed) throw this.#closedError();
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(frame, (error) => {
        this.#waiting.shift()?.resolve();
        if (error) reject(this.#closedError());
        else resolve();
      });
    });
  }

  receive(handler: (message: In) => void): void {
    this.#handler = handler;
    for (const message of this.#early.splice(0)) handler(message);
  }

  close(reason: string): void {
    this.#close(NORMAL_CLOSURE, reason);
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#isClosed) return;
    let message: In;
    try {
      message = decodeFrame(isBinary ? asBytes(data) : Buffer.alloc(0), this.#options.accepts);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#options.onInvalid?.(error);
      this.#close(POLICY_VIOLATION, error.message);
      return;
    }
    if (this.#handler === null) this.#early.push(message);
    else this.#handler(message);
  }

  /** Until the other end has taken something; rejects with LINK_FULL after the link's time. */
  #room(): Promise<void> {
    const millis = this.#options.timeoutMillis ?? TIMEOUT_MILLISECONDS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(
          new LockstepError(
            'LINK_FULL',
            `${this.peer} has taken nothing for ${millis} ms; ${this.#socket.bufferedAmount} bytes wait before it.`,
            { hint: 'Look at its process and at the network between.' },
          ),
        );
      }, millis);
      const entry = {
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error: Error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.push(entry);
    });
  }

  #close(code: number, reason: string): void {
    if (!this.#isClosed) {
      this.#socket.close(code, shorten(reason));
      const timer = setTimeout(() => {
        this.#socket.terminate();
      }, CLOSE_MILLISECONDS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
      });
    }
    this.#ended(reason);
  }

  #ended(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closedError());
    this.#settleClosed(reason);
  }

  #closedError(): LockstepError {
    return new LockstepError('LINK_CLOSED', `The link to ${this.peer} is closed.`);
  }
}

function asBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** Cut between characters, not within one. */
function shorten(reason: string): string {
  let short = reason;
  while (Buffer.byteLength(short) > MOST_REASON_BYTES) short = short.slice(0, -1);
  return short;
}
