import type { Learning } from '../../shared/protocol/messages.js';
import { COORDINATOR, type MemberId } from '../../shared/protocol/names.js';
import { peersOf, withRole, type Context, type Part } from './context.js';
import type { CoordinatorState } from './state.js';
import { announce } from './views.js';

/** Workers that ask to join begin to learn, at a state that nobody can have left. */
export const beginLearning: Part = (state, context) => {
  if (state.phase !== 'run') return state;
  const donors = state.view.members.slice(0, 2);
  const fresh: Learning = {
    from: state.upTo,
    donors: donors.length > 0 ? donors : [COORDINATOR],
  };
  const learners = new Map(state.learners);
  let isChanged = false;
  for (const { id } of peersOf(state, 'candidate')) {
    state = withRole(state, context, id, 'learner');
    learners.set(id, fresh);
    isChanged = true;
  }
  // A snapshot whose donors are all gone is taken anew.
  for (const [id, learner] of learners) {
    const alive = learner.donors.filter(
      (donor) => donor === COORDINATOR || state.peers.get(donor)?.role === 'member',
    );
    if (alive.length === learner.donors.length || hasLearnt(state, id)) continue;
    learners.set(id, alive.length > 0 ? { ...learner, donors: alive } : fresh);
    isChanged = true;
  }
  return admit(isChanged ? { ...state, learners } : state, context);
};

/**
 * Learners that have caught up become members, by a view; not before all members have the state
 * that they learnt, for a learner cannot give the gradients below it. Soon after a view they wait
 * for those that are still learning: a view stops everybody, and many may join at a time.
 */
function admit(state: CoordinatorState, context: Context): CoordinatorState {
  const ready = peersOf(state, 'learner').filter(({ id, report }) => {
    const from = state.learners.get(id)?.from ?? Infinity;
    return hasLearnt(state, id) && state.stable >= from && (report.applied ?? -1) >= state.stable;
  });
  if (ready.length === 0) return state;
  const { now, viewedAt, config } = state;
  const isSoon = now - viewedAt < config.times.admitMillis && state.view.members.length > 0;
  if (isSoon && ready.length < state.learners.size) return state;
  return announce(state, context, [...state.view.members, ...ready.map(({ id }) => id)]);
}

export function hasLearnt(state: CoordinatorState, id: MemberId): boolean {
  const report = state.peers.get(id)?.report;
  return report?.term === state.term && report.learntFrom === state.learners.get(id)?.from;
}
