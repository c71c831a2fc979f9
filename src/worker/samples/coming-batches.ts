import { microBatchRange, type Range } from '../../shared/numerics/micro-batches.js';
import type { TreeNode } from '../../shared/numerics/reduction-tree.js';
import { evenCuts } from '../threads/row-schedule.js';
import type { ComingBatch } from './read-ahead-memory.js';

/** The samples of a step, as the compute threads are told of them. */
export interface StepSamples {
  readonly step: number;
  readonly order: 0 | 1;
  /** First place in the order, and number. */
  readonly first: number;
  readonly samples: number;
  readonly microBatches: number;
}

/**
 * Foretells which micro-batches the compute threads will want: what is left of the step at hand, and
 * then those of the next; a worker computes the same range of every step until it is told otherwise.
 * Pure; a prophecy that fails costs time, and no bits.
 */
export class ComingBatches {
  readonly #threads: number;
  #step = -1;
  /** Nodes of the step before, and those asked for of the step at hand. */
  #former: readonly TreeNode[] = [];
  #asked: TreeNode[] = [];

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Node `node` of step `now` is asked for. `next`: the step after it, where there is one. */
  asked(now: StepSamples, node: TreeNode, next: StepSamples): ComingBatch[] {
    if (now.step !== this.#step) {
      this.#former = this.#asked;
      this.#asked = [];
      this.#step = now.step;
    }
    this.#asked.push(node);
    const { microBatches: count } = now;
    const later = this.#former
      .map((range) => clipped(range, count, count))
      .filter((range) => !this.#asked.some((done) => overlap(range, done)));
    const share = [...this.#asked, ...later];
    return [
      ...[node, ...later].flatMap((range) => this.#ofStep(now, range)),
      ...share.flatMap((range) => this.#ofStep(next, clipped(range, count, next.microBatches))),
    ];
  }

  /** Those of a range of micro-batches of a set in its own order, of `count` samples in `pieces`. */
  evaluated(tag: number, set: number, count: number, pieces: number, range: Range): ComingBatch[] {
    return this.#inTurn(range).map(({ thread, index }) => {
      const { first, end } = microBatchRange(count, pieces, index);
      return { thread, tag, index, set, order: -1, first, size: end - first };
    });
  }

  #ofStep({ step, order, first, samples, microBatches }: StepSamples, range: Range): ComingBatch[] {
    return this.#inTurn(range).map(({ thread, index }) => {
      const part = microBatchRange(samples, microBatches, index);
      const size = part.end - part.first;
      return { thread, tag: tagOf(step), index, set: 0, order, first: first + part.first, size };
    });
  }

  /** In the order in which the threads come to them: the first of each, the second of each … */
  #inTurn(range: Range): { readonly thread: number; readonly index: number }[] {
    const cuts = evenCuts(range, this.#threads);
    const most = Math.max(...cuts.slice(1).map((end, t) => end - cuts[t]!));
    const turns: { thread: number; index: number }[] = [];
    for (let turn = 0; turn < most; turn++) {
      for (let thread = 0; thread < this.#threads; thread++) {
        const index = cuts[thread]! + turn;
        if (index < cuts[thread + 1]!) turns.push({ thread, index });
      }
    }
    return turns;
  }
}

/** A step's tag; those of evaluations are negative. */
export const tagOf = (step: number): number => (step + 1) & 0x7fffffff;

/** A range of a step of `count` micro-batches in one of `others`: to the end where it was so. */
function clipped({ first, end }: Range, count: number, others: number): Range {
  const last = end >= count ? others : Math.min(end, others);
  return { first: Math.min(first, last), end: last };
}

const overlap = (a: Range, b: Range): boolean => a.first < b.end && b.first < a.end;
