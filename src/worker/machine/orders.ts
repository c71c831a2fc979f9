import { COORDINATOR } from '../../shared/protocol/names.js';
import type { Assignment, Orders, Refusal } from '../../shared/protocol/messages.js';
import { dropped, gotOn, NOTHING_SENT, type Context } from './context.js';
import type { MemberState, Work } from './state.js';

/** What a member does with orders: obey the highest term, in it the newest word. */
export function takeOrders(state: MemberState, context: Context, orders: Orders): MemberState {
  if (!context.rules.obeys(orders, state)) {
    context.emit({ kind: 'send', to: COORDINATOR, message: refuseOld(state, orders) });
    return dropped(state);
  }
  const before = state.orders;
  const sameTerm = before !== null && before.coordinator === orders.coordinator;
  state = { ...state, heardAt: state.now, heard: true };
  if (sameTerm && before.term === orders.term && before.sequence >= orders.sequence) return state;
  state = { ...state, term: orders.term, coordinator: orders.coordinator, orders };
  const sameView = sameTerm && before.view === orders.view;
  if (sameView && before.phase === orders.phase) return state;
  return gotOn(
    sameView
      ? state
      : {
          ...state,
          works: worksAfterView(state),
          kept: context.rules.keptAfterView(state.kept),
          silentSince: new Map(),
        },
  );
}

/** What is this member's own: the newest word of the coordinator that it obeys. */
export function takeAssignment(
  state: MemberState,
  context: Context,
  assignment: Assignment,
): MemberState {
  const before = state.assignment;
  if (assignment.to !== state.config.id || !context.rules.obeys(assignment, state))
    return dropped(state);
  const isOld =
    before?.term === assignment.term &&
    before.coordinator === assignment.coordinator &&
    before.number >= assignment.number;
  if (isOld) return state;
  // Whoever is to be reached directly again has not been asked in vain yet.
  const silentSince = new Map(state.silentSince);
  for (const peer of before?.relayed ?? []) {
    if (!assignment.relayed.includes(peer)) silentSince.delete(peer);
  }
  return { ...state, assignment, silentSince };
}

/**
 * In a new view others do the sums: everything is sent to them again. What was rounded is of no use
 * in it: another would round it otherwise.
 */
function worksAfterView({ config, works }: MemberState): ReadonlyMap<number, Work> {
  if (!config.exact) return new Map();
  return new Map([...works].map(([step, work]) => [step, { ...work, sent: NOTHING_SENT }]));
}

function refuseOld(state: MemberState, orders: Orders): Refusal {
  const { run, id, worker } = state.config;
  return {
    kind: 'refusal',
    run,
    from: id,
    to: COORDINATOR,
    coordinator: orders.coordinator,
    term: state.term,
    failure: {
      code: 'PROTOCOL_OLD_TERM',
      message: `${worker} follows a coordinator of term ${state.term}, got orders of term ${orders.term}.`,
      hint: 'Another coordinator has taken this run over; let this one end.',
      where: { worker, term: state.term },
    },
    retryAfterMillis: null,
  };
}

/** The coordinator does not want this worker, or not this life of it. */
export function takeRefusal(state: MemberState, context: Context, refusal: Refusal): MemberState {
  if (refusal.to !== state.config.id || refusal.term < state.term) return dropped(state);
  const { failure, retryAfterMillis } = refusal;
  context.emit({ kind: 'leave', failure: state.failure ?? failure, retryAfterMillis });
  return { ...state, left: true };
}
