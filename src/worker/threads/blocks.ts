import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { BLOCK_ELEMENTS } from '../../shared/numerics/square-sum.js';

/** A stretch of one trainable parameter: the unit in which its squares are added. */
export interface Block {
  /** Index into layout.trainable. */
  readonly parameter: number;
  /** First element, in the row and in the weights, and their number. */
  readonly first: number;
  readonly elements: number;
}

/** All blocks, in layout order: a function of the layout alone. */
export function blocksOf({ trainable }: Pick<RowLayout, 'trainable'>): readonly Block[] {
  return trainable.flatMap(({ offset, length }, parameter) =>
    Array.from({ length: Math.ceil(length / BLOCK_ELEMENTS) }, (_, i) => ({
      parameter,
      first: offset + i * BLOCK_ELEMENTS,
      elements: Math.min(BLOCK_ELEMENTS, length - i * BLOCK_ELEMENTS),
    })),
  );
}

/** What a sum of squares is taken of: a vector of sums, one a block, stands in the arena for each. */
export const SQUARES = { weights: 0, direction: 1, gradient: 2 } as const;
export type Squares = keyof typeof SQUARES;

/** float64 words of the arena for all sums of squares. */
export function squareSumWords(layout: Pick<RowLayout, 'trainable'>): number {
  return blocksOf(layout).length * Object.keys(SQUARES).length;
}
