/**
 * Milliseconds in which this process could listen. Of a time in which it did not run (a suspended
 * machine, SIGSTOP, a blocked event loop) only `longest` counts: what others said meanwhile is still
 * to be read, and nobody is to be blamed for its silence. Read at regular ticks.
 */
export class WakingClock {
  readonly #longest: number;
  readonly #clock: () => number;
  #read: number;
  #now: number;

  /** `clock`: milliseconds that never go back. */
  constructor(longest: number, clock = () => performance.now()) {
    this.#longest = longest;
    this.#clock = clock;
    this.#read = this.#now = clock();
  }

  /** As of the last reading; whole numbers, as people read them in messages. */
  get now(): number {
    return Math.round(this.#now);
  }

  read(): number {
    const at = this.#clock();
    this.#now += Math.min(at - this.#read, this.#longest);
    this.#read = at;
    return this.now;
  }
}

/** A tick that is so many times late has not been late by itself: the process did not run. */
export const LATEST_TICKS = 4;
