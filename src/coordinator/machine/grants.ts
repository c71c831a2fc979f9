import type { BestMark } from '../../shared/controls/standing.js';
import type { Control } from '../../shared/protocol/control.js';
import { decisionsAt, evaluationAt, stopsEarly } from './decisions.js';
import { withDuty } from './duties.js';
import { evaluationPending } from './evaluations.js';
import type { Context, Part } from './context.js';
import { KEPT_LINKS } from './records.js';
import { endAt } from './ending.js';
import { hasLearnt } from './learners.js';
import type { CoordinatorState, Decided } from './state.js';

/** What all members have applied. */
export const updateStable: Part = (state) => {
  const { members } = state.view;
  if (state.phase !== 'run' || members.length === 0) return state;
  let least = Infinity;
  for (const id of members) {
    least = Math.min(least, state.peers.get(id)?.report.applied ?? 0);
    if (least <= state.stable) return state;
  }
  const stable = Math.max(state.stable, least);
  return stable === state.stable ? state : { ...state, stable, gotOnAt: state.now };
};

/** Lets members go on, at most H steps beyond what all have applied. */
export const raiseGrant: Part = (state, context) => {
  if (state.phase !== 'run' || state.view.members.length === 0) return state;
  const limit = context.rules.grantLimit(state.stable, state.config.ahead);
  while (state.upTo < Math.min(limit, state.lastStep) && mayPass(state, context)) {
    const decided = decisionsAt(state, context, state.upTo);
    // The members that have come so far have not reported it yet.
    if (decided === null) break;
    if (stopsEarly(context, decided)) return { ...endAt(state, state.upTo), stoppedEarly: true };
    state = pass(state, context, decided);
  }
  return prune(state);
};

/** Whether the state after `upTo` steps may be left. */
function mayPass(state: CoordinatorState, context: Context): boolean {
  const { config, upTo, durable } = state;
  if (state.pausedAt !== null) return false;
  if (evaluationPending(state, context, upTo)) return false;
  if (upTo - durable >= KEPT_LINKS) return false;
  return [...state.learners].every(([id, { from }]) => {
    const applied = hasLearnt(state, id) ? (state.peers.get(id)?.report.applied ?? from) : from;
    return upTo < applied + config.learnerLag;
  });
}

/** Grants one step more: its control inputs, who computes the one after it, a checkpoint if due. */
function pass(state: CoordinatorState, context: Context, decided: Decided): CoordinatorState {
  const step = state.upTo;
  const controls = new Map(state.controls);
  if (!controls.has(step)) controls.set(step, controlFor(state, context, decided));
  const isNeeded = step + 1 < state.lastStep && !state.duties.has(step + 1);
  const next = isNeeded ? withDuty(state, context, step + 1, false) : state;
  const { best = null } = decided.after ?? {};
  return { ...checkpointIfDue(next, step, best), upTo: step + 1, controls };
}

function controlFor(state: CoordinatorState, context: Context, { after }: Decided): Control {
  const { upTo: step } = state;
  const evaluation = evaluationAt(state, step);
  const learningRateBits = context.schedule.learningRateBits(step, after);
  return { step, learningRateBits, evaluation };
}

/** Takes a copy of the state that is about to be left. */
function checkpointIfDue(
  state: CoordinatorState,
  applied: number,
  best: BestMark | null,
): CoordinatorState {
  const { checkpointEvery } = state.config;
  const regular =
    checkpointEvery !== null && applied % checkpointEvery === 0 && applied > state.stored.applied;
  if (!regular && !state.checkpointWanted) return state;
  if (state.capture !== null) return { ...state, checkpointWanted: true };
  const by = state.view.members.slice(0, 2);
  return { ...state, checkpointWanted: false, capture: { applied, by, storing: false, best } };
}

/** What is below `stable` is over. */
function prune(state: CoordinatorState): CoordinatorState {
  const { stable } = state;
  const release = releaseOf(state);
  const old = [...state.duties.keys()].some((step) => step < stable);
  const done = [...state.controls.keys()].some((step) => step < release);
  if (!old && !done) return state;
  return {
    ...state,
    duties: new Map([...state.duties].filter(([step]) => step >= stable)),
    controls: new Map([...state.controls].filter(([step]) => step >= release)),
  };
}

/** Below this, no member and no learner needs a gradient any more. */
export function releaseOf(state: CoordinatorState): number {
  if (!state.begun) return 0;
  const learners = [...state.learners].map(([id, { from }]) =>
    hasLearnt(state, id) ? (state.peers.get(id)?.report.applied ?? from) : from,
  );
  return learners.reduce((least, applied) => Math.min(least, applied), state.stable);
}
