import type { Piscina } from 'piscina';
import { DONE, PHASES, THREAD, threadWord, type Control, type Phase } from './control.js';
import { within } from '../../shared/within.js';
import type { ThreadEnd } from './compute-thread.js';
import type { ThreadStart } from './thread-start.js';

/** Everything that a thread is given, but for what differs from thread to thread. */
export type SharedStart = Omit<ThreadStart, 'thread' | 'sequence'>;

/** A thread that died, threw, refused or stood still, and where it was then. */
export interface ThreadFault {
  readonly thread: number;
  readonly kind: 'exception' | 'death' | 'stall' | 'refusal';
  readonly phase: Phase;
  readonly microBatch: number;
  readonly reason: string;
  readonly cause?: unknown;
}

/** The most that a thread may take to die once it has been told to. */
const TERMINATE_MILLISECONDS = 5000;

/** One place among the compute threads: the thread that fills it, and how that one is doing. */
export class ThreadSlot {
  readonly #piscina: Piscina;
  readonly #start: SharedStart;
  readonly #control: Control;
  readonly #thread: number;
  #life = new AbortController();
  #fault: ThreadFault | null = null;
  #ended: Promise<void> = Promise.resolve();
  /** Whether the thread is inside its task. */
  #running = false;

  constructor(piscina: Piscina, start: SharedStart, control: Control, thread: number) {
    this.#piscina = piscina;
    this.#start = start;
    this.#control = control;
    this.#thread = thread;
  }

  get fault(): ThreadFault | null {
    return this.#fault;
  }

  /** Resolves when the thread's task has ended, however it ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get progress(): number {
    return this.#word(THREAD.progress);
  }

  /** The sequence number that the thread last answered. */
  get answered(): number {
    return this.#word(THREAD.answered);
  }

  /** Starts a thread; it answers `sequence` when it is ready. */
  launch(sequence: number): void {
    const { words } = this.#control;
    for (const word of Object.values(THREAD)) {
      Atomics.store(words, threadWord(this.#thread, word), 0);
    }
    Atomics.store(words, threadWord(this.#thread, THREAD.answered), sequence - 1);
    this.#fault = null;
    this.#running = true;
    const life = (this.#life = new AbortController());
    const fail = (kind: ThreadFault['kind'], reason: string, cause?: unknown): void => {
      if (life.signal.aborted) return;
      this.accuse(kind, reason, cause);
      Atomics.notify(words, DONE);
    };
    const task: ThreadStart = { ...this.#start, thread: this.#thread, sequence };
    this.#ended = this.#piscina
      .run(task, { signal: life.signal })
      .then(
        (end: ThreadEnd) => {
          if (end.kind !== 'stopped') fail(end.kind, end.reason, end.cause);
        },
        (error: unknown) => {
          fail('death', error instanceof Error ? error.message : String(error), error);
        },
      )
      .finally(() => {
        this.#running = false;
      });
  }

  /** Records the first fault, with the place where the thread is now. */
  accuse(kind: ThreadFault['kind'], reason: string, cause?: unknown): ThreadFault {
    return (this.#fault ??= {
      thread: this.#thread,
      kind,
      phase: PHASES[this.#word(THREAD.phase)]!,
      microBatch: this.#word(THREAD.microBatch),
      reason,
      cause,
    });
  }

  /** Ends the thread's task. Returns false where the thread still lives after five seconds. */
  async end(): Promise<boolean> {
    if (!this.#running) return true;
    const nodeThread = this.#word(THREAD.nodeThread);
    const worker = this.#piscina.threads.find((candidate) => candidate.threadId === nodeThread);
    const exited =
      worker &&
      new Promise<true>((resolve) => {
        worker.once('exit', () => {
          resolve(true);
        });
      });
    this.#life.abort();
    await this.#ended;
    if (exited === undefined) return true;
    return within(TERMINATE_MILLISECONDS, exited, false);
  }

  #word(word: number): number {
    return Atomics.load(this.#control.words, threadWord(this.#thread, word));
  }
}
