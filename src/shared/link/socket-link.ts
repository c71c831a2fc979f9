import type { WebSocket, RawData } from 'ws';
import type * as z from 'zod';
import { LockstepError } from '../errors.js';
import { decodeFrame, encodeFrame } from '../wire/frame.js';
import type { Link } from './link.js';

export interface SocketLinkOptions<In> {
  readonly peer: string;
  /** What the other end may say. */
  readonly accepts: z.ZodType<In>;
  /** Bytes on their way before a message waits. */
  readonly capacityBytes?: number;
  /** How long `send` waits until the system has taken the message. */
  readonly timeoutMillis?: number;
  /** Told of a frame that breaks the protocol; the link is closed then. */
  readonly onInvalid?: (error: LockstepError) => void;
}

/** A message on its way: waiting for room, or handed to the socket. */
interface Sending<Out> {
  readonly message: Out;
  readonly settle: (error: LockstepError | null) => void;
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
  /** In order. Those that wait are not encoded yet, and so cost no memory of the link's. */
  readonly #waiting = new Set<Sending<Out>>();
  readonly #handed = new Set<Sending<Out>>();
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
    else socket.resume();
  }

  send(message: Out): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closedError());
    const millis = this.#options.timeoutMillis ?? TIMEOUT_MILLISECONDS;
    return new Promise((resolve, reject) => {
      const sending: Sending<Out> = {
        message,
        settle: (error) => {
          clearTimeout(timer);
          this.#waiting.delete(sending);
          this.#handed.delete(sending);
          if (error === null) resolve();
          else reject(error);
        },
      };
      const timer = setTimeout(() => {
        sending.settle(this.#fullError(millis));
      }, millis);
      this.#waiting.add(sending);
      this.#pump();
    });
  }

  receive(handler: (message: In) => void): void {
    this.#handler = handler;
    for (const message of this.#early.splice(0)) handler(message);
    this.#socket.resume();
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
    if (this.#handler !== null) {
      this.#handler(message);
      return;
    }
    this.#early.push(message);
    // Nothing more is read until somebody wants it; what was read already, a few messages, is kept.
    this.#socket.pause();
  }

  /** Hands over what waits, in order, as long as there is room. */
  #pump(): void {
    for (const sending of this.#waiting) {
      if (this.#socket.bufferedAmount > (this.#options.capacityBytes ?? CAPACITY_BYTES)) return;
      this.#waiting.delete(sending);
      let frame: Buffer;
      try {
        frame = encodeFrame(sending.message);
      } catch (error) {
        sending.settle(error as LockstepError);
        continue;
      }
      this.#handed.add(sending);
      this.#socket.send(frame, (error) => {
        sending.settle(error ? this.#closedError() : null);
        this.#pump();
      });
    }
  }

  #close(code: number, reason: string): void {
    if (!this.#isClosed) this.#socket.close(code, shorten(reason));
    this.#ended(reason);
  }

  #ended(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#socket.readyState !== this.#socket.CLOSED) {
      const timer = setTimeout(() => {
        this.#socket.terminate();
      }, CLOSE_MILLISECONDS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
      });
    }
    for (const { settle } of [...this.#waiting, ...this.#handed]) settle(this.#closedError());
    this.#settleClosed(reason);
  }

  #fullError(millis: number): LockstepError {
    return new LockstepError(
      'LINK_FULL',
      `${this.peer} has not taken a message for ${millis} ms; ` +
        `${this.#socket.bufferedAmount} bytes wait before it.`,
      { hint: 'Look at its process and at the network between.' },
    );
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
  let short = '';
  for (const character of reason) {
    if (Buffer.byteLength(short + character) > MOST_REASON_BYTES) break;
    short += character;
  }
  return short;
}
