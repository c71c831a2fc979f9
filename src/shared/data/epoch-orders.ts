import { epochOrder } from './epoch-plan.js';

/**
 * The shuffled orders of the epoch at hand and of the next, in shared memory where compute threads
 * read them: epoch e is kept at place e mod 2.
 */
export class EpochOrders {
  readonly buffers: readonly [Uint32Array, Uint32Array];
  readonly #seed: number;
  readonly #epochs: [number, number] = [-1, -1];

  constructor(seed: number, count: number) {
    this.#seed = seed;
    const buffer = (): Uint32Array => new Uint32Array(new SharedArrayBuffer(count * 4));
    this.buffers = [buffer(), buffer()];
  }

  /** Which buffer holds the order of `epoch`; drawn now where it is not there yet. */
  place(epoch: number): 0 | 1 {
    const place = (epoch % 2) as 0 | 1;
    if (this.#epochs[place] !== epoch) {
      const buffer = this.buffers[place];
      buffer.set(epochOrder(this.#seed, epoch, buffer.length));
      this.#epochs[place] = epoch;
    }
    return place;
  }
}
