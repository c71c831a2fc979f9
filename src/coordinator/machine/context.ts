import type { Failure } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import type { Schedule } from '../../shared/protocol/schedule.js';
import type { CoordinatorRules } from './rules.js';
import type { CoordinatorEffect, CoordinatorState, Peer, Role } from './state.js';

/** What every part of the machine works with: what is fixed, and where effects go. */
export interface Context {
  readonly schedule: Schedule;
  readonly rules: CoordinatorRules;
  readonly emit: (effect: CoordinatorEffect) => void;
}

/** One part of the machine: looks at the state, does what is due, returns what is then. */
export type Part = (state: CoordinatorState, context: Context) => CoordinatorState;

export function peersOf(state: CoordinatorState, role: Role): readonly Peer[] {
  return [...state.peers.values()].filter((peer) => peer.role === role);
}

export function membersOf(state: CoordinatorState): readonly Peer[] {
  return state.view.members.flatMap((id) => state.peers.get(id) ?? []);
}

export function withPeer(state: CoordinatorState, peer: Peer): CoordinatorState {
  return { ...state, peers: new Map(state.peers).set(peer.id, peer) };
}

export function withRole(state: CoordinatorState, id: MemberId, role: Role): CoordinatorState {
  const peer = state.peers.get(id);
  return peer === undefined ? state : withPeer(state, { ...peer, role });
}

/** Ends the run; the first failure stays. */
export function failRun(state: CoordinatorState, failure: Failure): CoordinatorState {
  if (state.phase === 'failed' || state.phase === 'finished' || state.phase === 'gone')
    return state;
  return { ...state, phase: 'failed', failure, gotOnAt: state.now };
}
