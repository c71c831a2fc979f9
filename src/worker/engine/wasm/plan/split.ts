import { assertInternal } from '../../../../shared/errors.js';
import type { BufferRef, KernelCall } from './lowering.js';
import type { Operand } from './plan.js';

/**
 * Refuses a call that a team cannot share in the way that it says. `isTeams`: whether a buffer is
 * the team's, not each thread's own or prepared for all.
 */
export function checkSplit(
  { kernel, args, split }: KernelCall,
  isTeams: (ref: BufferRef) => boolean,
): void {
  const operands = args.filter((arg) => Array.isArray(arg)) as Exclude<Operand, number>[];
  const has = (name: string): boolean => operands.some(([kind]) => kind === name);
  const need = (held: boolean, what: string): void => {
    assertInternal(held, `${kernel} is split by '${split}' and ${what}.`);
  };
  const takesPart = has('part') && has('parts');
  need(takesPart === (split === 'parts'), takesPart ? 'takes part and parts' : 'takes no part');
  if (split === 'samples') {
    need(has('batch'), 'takes no number of samples');
    // What stands in a row is a sum over samples.
    need(!has('row'), 'writes to the row');
  }
  if (split === 'each') {
    const teams = args.some((arg) => typeof arg === 'object' && 'buffer' in arg && isTeams(arg));
    need(!teams && !has('thread') && !has('row'), "touches the team's memory");
  }
}
