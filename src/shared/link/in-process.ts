import { LockstepError } from '../errors.js';
import type { Link } from './link.js';

export interface InProcessOptions {
  /** Messages on their way in one direction before `send` waits. */
  readonly capacity?: number;
  /** How long `send` waits for room. */
  readonly timeoutMillis?: number;
}

interface Waiting {
  /** Puts the message into the queue: at once, so that none sent later can overtake it. */
  readonly admit: () => void;
  readonly refuse: (error: LockstepError) => void;
}

/** One direction: a bounded queue that is emptied in tasks of their own. */
class Lane<Message> {
  readonly #queue: Message[] = [];
  readonly #waiting: Waiting[] = [];
  #handler: ((message: Message) => void) | null = null;
  #draining = false;
  #closed = false;

  constructor(
    readonly peer: string,
    readonly capacity: number,
    readonly timeoutMillis: number,
  ) {}

  send(message: Message): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (this.#queue.length >= this.capacity || this.#waiting.length > 0) {
      return this.#waitWith(message);
    }
    this.#queue.push(message);
    this.#drainLater();
    return Promise.resolve();
  }

  receive(handler: (message: Message) => void): void {
    this.#handler = handler;
    this.#drainLater();
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    for (const { refuse } of this.#waiting.splice(0)) refuse(this.#closedError());
  }

  #closedError(): LockstepError {
    return new LockstepError('LINK_CLOSED', `The link to ${this.peer} is closed.`);
  }

  #waitWith(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(
          new LockstepError(
            'LINK_FULL',
            `${this.peer} has not taken a message for ${this.timeoutMillis} ms; ` +
              `${this.#queue.length} wait before it.`,
            { hint: 'Look for what blocks the thread at the other end.' },
          ),
        );
      }, this.timeoutMillis);
      const entry: Waiting = {
        admit: () => {
          clearTimeout(timer);
          this.#queue.push(message);
          resolve();
        },
        refuse: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.push(entry);
    });
  }

  /** In a microtask: at once, and yet never within the sender's call. */
  #drainLater(): void {
    if (this.#draining || this.#handler === null || this.#queue.length === 0) return;
    this.#draining = true;
    queueMicrotask(() => {
      this.#draining = false;
      const message = this.#queue.shift();
      if (message === undefined || this.#handler === null || this.#closed) return;
      try {
        this.#handler(message);
      } finally {
        this.#waiting.shift()?.admit();
        this.#drainLater();
      }
    });
  }
}

/**
 * A link between two parties in one thread. Values are passed as they are, nothing is serialised;
 * all else is as over any link, so that code which works here works over a socket.
 */
export function inProcessLink<AToB extends object, BToA extends object>(
  a: string,
  b: string,
  { capacity = 1024, timeoutMillis = 30_000 }: InProcessOptions = {},
): { readonly a: Link<AToB, BToA>; readonly b: Link<BToA, AToB> } {
  const toB = new Lane<AToB>(b, capacity, timeoutMillis);
  const toA = new Lane<BToA>(a, capacity, timeoutMillis);
  let resolveClosed: (reason: string) => void = () => undefined;
  const closed = new Promise<string>((resolve) => (resolveClosed = resolve));
  const close = (reason: string): void => {
    toA.close();
    toB.close();
    resolveClosed(reason);
  };
  return {
    a: {
      peer: b,
      send: (message) => toB.send(message),
      receive: (handler) => toA.receive(handler),
      close,
      closed,
    },
    b: {
      peer: a,
      send: (message) => toA.send(message),
      receive: (handler) => toB.receive(handler),
      close,
      closed,
    },
  };
}
