import { VALUE, type Control } from '../control.js';
import { rowReduction, type RowReduction } from '../row-schedule.js';

/** How the rows that the threads hold after `compute` become one: read off the phase's values. */
export function reduction({ values }: Control, threads: number): RowReduction {
  return rowReduction(Array.from({ length: threads + 1 }, (_, i) => values[VALUE.cuts + i]!));
}
