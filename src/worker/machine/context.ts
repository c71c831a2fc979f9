import type { Assignment, Failure, Share } from '../../shared/protocol/messages.js';
import type { Schedule } from '../../shared/protocol/schedule.js';
import type { MemberId } from '../../shared/protocol/names.js';
import type { MemberRules } from './rules.js';
import type { MemberEffect, MemberState, Sent, Work } from './state.js';

/** What every part of the machine works with: what is fixed, and where effects go. */
export interface Context {
  readonly schedule: Schedule;
  readonly rules: MemberRules;
  readonly emit: (effect: MemberEffect) => void;
}

/** One part of the machine: looks at the state, does what is due, returns what is then. */
export type Part = (state: MemberState, context: Context) => MemberState;

export const NOTHING_SENT: Sent = { made: 0, sums: new Map() };

export function emptyWork(step: number): Work {
  return {
    step,
    pieces: new Map(),
    early: new Map(),
    rows: [],
    made: [],
    computing: null,
    reducing: new Set(),
    assembling: false,
    gradient: null,
    sent: NOTHING_SENT,
  };
}

/** The step under way. */
export function currentWork(state: MemberState): Work | null {
  if (state.position === null) return null;
  return state.works.get(state.position.applied) ?? emptyWork(state.position.applied);
}

export function withWork(state: MemberState, work: Work): MemberState {
  const works = new Map(state.works);
  works.set(work.step, work);
  return { ...state, works };
}

/** It got on: nothing needs to be asked for, for a while. */
export function gotOn(state: MemberState): MemberState {
  return { ...state, gotOnAt: state.now, asked: 0 };
}

export function dropped(state: MemberState): MemberState {
  return { ...state, counters: { ...state.counters, dropped: state.counters.dropped + 1 } };
}

/** The worker cannot go on; the coordinator hears of it and decides. The first failure stays. */
export function fail(state: MemberState, failure: Failure): MemberState {
  if (state.failure !== null) return state;
  const where = { worker: state.config.worker, ...failure.where };
  return { ...state, failure: { ...failure, where } };
}

/** What is this member's own in the view that the orders are of; null: it has not come yet. */
export function assignmentOf({ orders, assignment }: MemberState): Assignment | null {
  const fits =
    assignment?.term === orders?.term &&
    assignment?.coordinator === orders?.coordinator &&
    assignment?.view === orders?.view;
  return fits ? assignment : null;
}

/** Which of the shares is for this step. */
export function shareFor(
  state: MemberState,
  step: number,
  shares: readonly Share[] | undefined,
): Share | null {
  const duty = state.orders?.duties.find((candidate) => candidate.step === step);
  return shares?.find(({ plan }) => plan === duty?.plan) ?? null;
}

/** Who reduces a segment and gives it to all. */
export function ownerOf(state: MemberState, segment: number): MemberId | null {
  const reducers = assignmentOf(state)?.reducers ?? [];
  return reducers[segment % reducers.length] ?? null;
}
