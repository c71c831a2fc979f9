import { VALUE, type Control } from '../control.js';
import { rowReduction, type RowReduction } from '../row-schedule.js';

/** The threads' bounds of the phase at hand. */
export function cutsOf({ values }: Control, threads: number): readonly number[] {
  return Array.from({ length: threads + 1 }, (_, i) => values[VALUE.cuts + i]!);
}

/** How the rows that the threads hold after `compute` become one: read off the phase's values. */
export function reduction(control: Control, threads: number): RowReduction {
  return rowReduction(cutsOf(control, threads), control.values[VALUE.microBatches]!);
}
