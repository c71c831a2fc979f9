import type { PaddingName } from './defaults.js';

/** How one value of a list is read off its text; null where it is none. */
export interface ValueReader<Value> {
  /** What the list should be: `whole numbers from 1 to 64`. */
  readonly expected: string;
  read(text: string): Value | null;
}

export const wholeNumbers = (least: number, most: number): ValueReader<number> => ({
  expected: `whole numbers from ${least} to ${most}`,
  read: (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most ? value : null;
  },
});

export const SHARES: ValueReader<number> = {
  expected: 'numbers of at least 0 and below 1',
  read: (text) => {
    const value = Number(text);
    return /^(\d+\.?\d*|\.\d+)$/.test(text) && value < 1 ? value : null;
  },
};

export const PADDINGS: ValueReader<PaddingName> = {
  expected: 'same or valid',
  read: (text) => (text === 'same' || text === 'valid' ? text : null),
};

/** As many as `count`: the first ones, or the last one again and again. */
export function stretched<Value>(values: readonly Value[], count: number): readonly Value[] {
  return Array.from({ length: count }, (_, i) => values[Math.min(i, values.length - 1)]!);
}
