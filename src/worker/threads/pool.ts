import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { abortPhase, command, DONE, PHASES, VALUE, type Control, type Phase } from './control.js';
import { ThreadSlot, type SharedStart, type ThreadFault } from './thread-slot.js';
import { assertInternal, LockstepError } from '../../shared/errors.js';

export interface PoolLimits {
  /** A thread that makes no progress for so long is taken for stuck. */
  readonly stallMilliseconds: number;
  /** The longest from a thread's start until it is ready. */
  readonly startMilliseconds: number;
}

const YOUNG_GENERATION_MEBIBYTES = 4;

/**
 * The compute threads of a worker. Piscina owns their life; a phase is asked of all of them at once
 * through the control words, and every wait is bounded by their progress.
 */
export class ThreadPool {
  readonly #piscina: Piscina;
  readonly #control: Control;
  readonly #limits: PoolLimits;
  readonly #slots: readonly ThreadSlot[];
  #sequence = 0;
  #closed = false;
  /** The answers to the phase under way; never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();

  private constructor(start: SharedStart, control: Control, limits: PoolLimits) {
    this.#control = control;
    this.#limits = limits;
    const piscina = new Piscina({
      filename: fileURLToPath(new URL('./compute-thread.js', import.meta.url)),
      minThreads: start.threads,
      maxThreads: start.threads,
      idleTimeout: Infinity,
      // A step leaves little behind in JavaScript: collected often, memory stays level.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MEBIBYTES },
    });
    // A thread's death reaches us as the failure of its task; piscina tells it here once more.
    piscina.on('error', () => undefined);
    this.#piscina = piscina;
    this.#slots = Array.from(
      { length: start.threads },
      (_, thread) => new ThreadSlot(piscina, start, control, thread),
    );
  }

  /** Starts all threads; throws THREAD_FAULT where one does not come up. */
  static async start(
    start: SharedStart,
    control: Control,
    limits: PoolLimits,
  ): Promise<ThreadPool> {
    const pool = new ThreadPool(start, control, limits);
    for (const slot of pool.#slots) slot.launch(0);
    const fault = await pool.#answers(0, limits.startMilliseconds);
    if (fault !== null) {
      await pool.close();
      throw threadError(fault);
    }
    return pool;
  }

  /**
   * Runs a phase on all threads. Returns null, or the first fault; then the phase has been given
   * up and no surviving thread is inside it any more.
   */
  run(phase: Phase): Promise<ThreadFault | null> {
    this.#refuseIfClosed();
    return this.#ask(phase);
  }

  #ask(phase: Phase): Promise<ThreadFault | null> {
    this.#control.values[VALUE.phase] = PHASES.indexOf(phase);
    this.#sequence = command(this.#control.words);
    const answers = this.#answers(this.#sequence, this.#limits.stallMilliseconds);
    this.#underWay = answers.catch(() => undefined);
    return answers;
  }

  /** Whoever was in the middle of something when the pool was closed gets no further. */
  #refuseIfClosed(): void {
    assertInternal(!this.#closed, 'The compute threads have been ended.');
  }

  /**
   * Puts fresh threads in the places of those that failed, once these are surely gone: two threads
   * in one place would write the same rows. Returns the fault that this met, or null.
   */
  async repair(): Promise<ThreadFault | null> {
    this.#refuseIfClosed();
    const failed = this.#slots.filter((slot) => slot.fault !== null);
    for (const slot of failed) {
      const fault = slot.fault!;
      if (!(await slot.end())) return { ...fault, reason: `${fault.reason}; it cannot be ended` };
    }
    Atomics.store(this.#control.words, DONE, this.#slots.length - failed.length);
    for (const slot of failed) slot.launch(this.#sequence);
    return this.#answers(this.#sequence, this.#limits.startMilliseconds);
  }

  /** Ends all threads. Bounded, and safe after a fault and in the middle of a phase. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    abortPhase(this.#control.words, this.#sequence);
    await this.#underWay;
    if (this.#slots.every((slot) => slot.fault === null)) await this.#ask('stop');
    await Promise.all(this.#slots.map((slot) => slot.end()));
    await this.#piscina.destroy();
  }

  /** Waits until all threads have answered `sequence`, or one has failed or stands still. */
  async #answers(sequence: number, bound: number): Promise<ThreadFault | null> {
    const watch = new Watch(this.#slots, sequence, bound);
    for (;;) {
      const done = Atomics.load(this.#control.words, DONE);
      const fault = watch.fault();
      if (fault !== null) {
        await this.#giveUp(sequence, bound);
        return fault;
      }
      if (this.#slots.every((slot) => slot.answered >= sequence)) return null;
      await this.#nextAnswer(done, bound);
    }
  }

  /** After a fault: waits until the other threads have left the phase. */
  async #giveUp(sequence: number, bound: number): Promise<void> {
    abortPhase(this.#control.words, sequence);
    const watch = new Watch(this.#slots, sequence, bound);
    for (;;) {
      const done = Atomics.load(this.#control.words, DONE);
      watch.fault();
      if (this.#slots.every((slot) => slot.fault !== null || slot.answered >= sequence)) return;
      await this.#nextAnswer(done, bound);
    }
  }

  async #nextAnswer(done: number, bound: number): Promise<void> {
    const look = Math.min(500, bound / 4);
    const wait = Atomics.waitAsync(this.#control.words, DONE, done, look);
    if (wait.async) await wait.value;
  }
}

/** Watches whether threads get on with a phase. */
class Watch {
  readonly #seen: { progress: number; at: number }[];

  constructor(
    readonly slots: readonly ThreadSlot[],
    readonly sequence: number,
    readonly bound: number,
  ) {
    this.#seen = slots.map((slot) => ({ progress: slot.progress, at: performance.now() }));
  }

  /** The first fault among the threads; one that stands still is accused here. */
  fault(): ThreadFault | null {
    const now = performance.now();
    this.slots.forEach((slot, thread) => {
      const last = this.#seen[thread]!;
      if (slot.answered >= this.sequence || slot.progress !== last.progress) {
        this.#seen[thread] = { progress: slot.progress, at: now };
      } else if (now - last.at > this.bound) {
        slot.accuse('stall', `it made no progress for ${(this.bound / 1000).toFixed(1)} s`);
      }
    });
    return this.slots.find((slot) => slot.fault !== null)?.fault ?? null;
  }
}

export function threadError(fault: ThreadFault, where: Record<string, number> = {}): LockstepError {
  const place = Object.entries(where)
    .map(([name, value]) => `${name} ${value}, `)
    .join('');
  return new LockstepError(
    'THREAD_FAULT',
    `Compute thread ${fault.thread} failed (${fault.kind}) in phase ${fault.phase}, ${place}micro-batch ${fault.microBatch}: ${fault.reason}.`,
    {
      where: { ...where, thread: fault.thread, phase: fault.phase, microBatch: fault.microBatch },
      hint: FAULT_HINTS[fault.kind],
      cause: fault.cause,
    },
  );
}

const FAULT_HINTS: Record<ThreadFault['kind'], string> = {
  exception: 'The cause is given with the error; the run can be resumed from its last checkpoint.',
  death: 'Look for a call of process.exit, a crash in a native add-on, or memory that ran out.',
  stall: 'Look for an endless loop in the model, or give --stall-seconds more.',
  refusal: 'Load no native add-on into the compute threads that changes the float environment.',
};
