import * as z from 'zod';
import { LockstepError } from '../errors.js';

/**
 * What decisions read: the epoch's sums so far, what early stopping and the plateau have seen, the
 * best state. It is part of the state of a run, as weights and moments are: every worker advances
 * it by the same pure function, it travels with snapshots and lies in checkpoints.
 */
const count = z.int().min(0);
const figure = z.number().nullable();

export const bestSchema = z.strictObject({ step: count, value: z.number() });

/** A state by the steps behind it, and its monitored figure. */
export type BestMark = Readonly<z.output<typeof bestSchema>>;

export const standingSchema = z.strictObject({
  /** Sums over the epoch at hand, in training mode. */
  epoch: z.strictObject({ samples: count, correct: count, lossSum: z.number() }),
  plateau: z.strictObject({ best: figure, wait: count, cooldown: count, reductions: count }),
  stopping: z.strictObject({ best: figure, wait: count }),
  /** The state with the best monitored figure so far: after so many steps; null before the first. */
  best: bestSchema.nullable(),
});

export type Standing = Readonly<z.output<typeof standingSchema>>;

/** Its name among the vectors of a captured state. */
const SECTION = 'standing';

/** The state of a trainer with the standing beside it, as it is captured, sent and stored. */
export function withStanding(
  state: ReadonlyMap<string, Uint8Array>,
  standing: Standing | null,
): ReadonlyMap<string, Uint8Array> {
  if (standing === null) return state;
  return new Map(state).set(SECTION, new TextEncoder().encode(JSON.stringify(inOrder(standing))));
}

/** null where the state has none. Throws TRAINER_STATE_MISMATCH. */
export function standingIn(state: ReadonlyMap<string, Uint8Array>): Standing | null {
  const bytes = state.get(SECTION);
  if (bytes === undefined) return null;
  try {
    return standingSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** Of a run whose decisions hang on it. Throws TRAINER_STATE_MISMATCH. */
export function requireStanding(state: ReadonlyMap<string, Uint8Array>): Standing {
  const standing = standingIn(state);
  if (standing === null) throw unreadable();
  return standing;
}

function unreadable(cause?: unknown): LockstepError {
  return new LockstepError(
    'TRAINER_STATE_MISMATCH',
    'The state of the run does not tell what its decisions hang on (its section standing).',
    { hint: 'Resume with the version of Lockstep that the run began with.', cause },
  );
}

/** The same bytes wherever it was made: the schema has the order. */
const inOrder = (standing: Standing): Standing => standingSchema.parse(standing);
