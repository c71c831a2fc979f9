import { blocksOf, SQUARES, type Block, type Squares } from '../blocks.js';
import type { ThreadStart } from '../thread-start.js';

/**
 * The sums of squares of a step, of which each thread computes those of its blocks. They are read
 * after a barrier, and added in the order of the blocks by whoever needs them: no bit depends on
 * the number of threads.
 */
export class SquareSums {
  readonly #start: ThreadStart;
  readonly #blocks: readonly Block[];
  readonly #values: Float64Array;

  constructor(start: ThreadStart) {
    this.#start = start;
    this.#blocks = blocksOf(start.layout);
    const words = this.#blocks.length * Object.keys(SQUARES).length;
    this.#values = new Float64Array(start.arena.buffer, start.arenaPlan.squareSums, words);
  }

  /** Calls `body` for each block that is this thread's. */
  forOwn(body: (block: Block, index: number) => void): void {
    const { thread, threads } = this.#start;
    const count = this.#blocks.length;
    const end = Math.floor((count * (thread + 1)) / threads);
    for (let i = Math.floor((count * thread) / threads); i < end; i++) body(this.#blocks[i]!, i);
  }

  put(of: Squares, block: number, value: number): void {
    this.#values[SQUARES[of] * this.#blocks.length + block] = value;
  }

  /** Over all parameters. */
  total(of: Squares): number {
    return this.byParameter(of).reduce((sum, squares) => sum + squares, 0);
  }

  /** Of each parameter, by its index in layout.trainable. */
  byParameter(of: Squares): readonly number[] {
    const sums = this.#start.layout.trainable.map(() => 0);
    this.#blocks.forEach(({ parameter }, i) => {
      sums[parameter]! += this.#values[SQUARES[of] * this.#blocks.length + i]!;
    });
    return sums;
  }
}
