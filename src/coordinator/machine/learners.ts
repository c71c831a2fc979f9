import { COORDINATOR, type MemberId } from '../../shared/protocol/names.js';
import { membersOf, peersOf, withRole, type Context, type Part } from './context.js';
import type { CoordinatorState } from './state.js';
import { announce } from './views.js';

/** Workers that ask to join begin to learn, at a state that nobody can have left. */
export const beginLearning: Part = (state, context) => {
  if (state.phase !== 'run') return state;
  const donors = membersOf(state)
    .slice(0, 2)
    .map(({ id }) => id);
  for (const { id } of peersOf(state, 'candidate')) {
    state = withRole(state, id, 'learner');
    const learner = {
      member: id,
      from: state.upTo,
      donors: donors.length > 0 ? donors : [COORDINATOR],
    };
    state = { ...state, learners: new Map(state.learners).set(id, learner) };
  }
  // A snapshot whose donors are all gone is taken anew.
  for (const [id, learner] of state.learners) {
    const alive = learner.donors.filter(
      (donor) => donor === COORDINATOR || state.view.members.includes(donor),
    );
    if (alive.length === learner.donors.length || hasLearnt(state, id)) continue;
    const next =
      alive.length > 0 ? { ...learner, donors: alive } : { member: id, from: state.upTo, donors };
    state = { ...state, learners: new Map(state.learners).set(id, next) };
  }
  return admit(state, context);
};

/**
 * Learners that have caught up become members, by a view; not before all members have the state
 * that they learnt, for a learner cannot give the gradients below it.
 */
function admit(state: CoordinatorState, context: Context): CoordinatorState {
  const ready = peersOf(state, 'learner').filter(({ id, report }) => {
    const from = state.learners.get(id)?.from ?? Infinity;
    return hasLearnt(state, id) && state.stable >= from && (report.applied ?? -1) >= state.stable;
  });
  if (ready.length === 0) return state;
  return announce(state, context, [...state.view.members, ...ready.map(({ id }) => id)]);
}

export function hasLearnt(state: CoordinatorState, id: MemberId): boolean {
  const report = state.peers.get(id)?.report;
  return report?.term === state.term && report.learntFrom === state.learners.get(id)?.from;
}
