import type { Operand, Plan, PlannedCall } from './plan.js';

/**
 * The calls that make what frozen layers compute, as plain data: what decides its bits, beside
 * kernels and weights. Places in memory stay out, since the layers behind move them; null where the
 * plan has no such layers.
 */
export function frozenCalls({ frozen, prepare, forward, inference }: Plan): object | null {
  if (frozen === undefined) return null;
  const first = (calls: readonly PlannedCall[], count: number) =>
    calls.slice(0, count).map(({ kernel, args, split }) => [kernel, split, args.map(placeless)]);
  return {
    prepare: first(prepare, frozen.calls.prepare),
    forward: first(forward, frozen.calls.forward),
    inference: first(inference, frozen.calls.inference),
  };
}

const PLACES: readonly unknown[] = ['weight', 'row', 'shared', 'own'];

function placeless(operand: Operand): unknown {
  if (typeof operand === 'number') return operand;
  if (operand[0] === 'thread') return [operand[0], operand[2]];
  return PLACES.includes(operand[0]) ? [operand[0]] : operand;
}
