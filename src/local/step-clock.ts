import type { StepTimes } from '../coordinator/run-keeper.js';
import { within } from '../shared/within.js';

/** How long the line of a step waits for a worker to tell its times. */
const PATIENCE_MILLISECONDS = 500;
/** Steps whose times came before their line was written. */
const MOST_KEPT = 4096;

/**
 * Where the time of each step went, as the first worker to tell says; where none does in time
 * (it died, the line broke), as seen from here.
 */
export class StepClock {
  readonly #told = new Map<number, StepTimes>();
  readonly #wanted = new Map<number, (times: StepTimes) => void>();
  #lastAt = performance.now();

  put(step: number, times: StepTimes): void {
    const resolve = this.#wanted.get(step);
    if (resolve !== undefined) resolve(times);
    else if (!this.#told.has(step) && this.#told.size < MOST_KEPT) this.#told.set(step, times);
  }

  /** Asked once for each step, in order. */
  async take(step: number): Promise<StepTimes> {
    const seen = (performance.now() - this.#lastAt) / 1000;
    this.#lastAt = performance.now();
    const times = this.#told.get(step) ?? (await this.#awaited(step));
    for (const known of this.#told.keys()) if (known <= step) this.#told.delete(known);
    return times ?? { stepSeconds: seen, computeSeconds: 0, updateSeconds: 0 };
  }

  async #awaited(step: number): Promise<StepTimes | null> {
    const told = new Promise<StepTimes>((resolve) => this.#wanted.set(step, resolve));
    const times = await within(PATIENCE_MILLISECONDS, told, null);
    this.#wanted.delete(step);
    return times;
  }
}
