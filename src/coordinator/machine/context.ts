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
  /** Peers as this transition has made them: nobody else has seen them yet. */
  ownPeers: Map<MemberId, Peer> | null;
}

/** One part of the machine: looks at the state, does what is due, returns what is then. */
export type Part = (state: CoordinatorState, context: Context) => CoordinatorState;

export function peersOf(state: CoordinatorState, role: Role): readonly Peer[] {
  return [...state.peers.values()].filter((peer) => peer.role === role);
}

export function membersOf(state: CoordinatorState): readonly Peer[] {
  return state.view.members.flatMap((id) => state.peers.get(id) ?? []);
}

/** The table is copied once in a transition, however many reports it takes. */
export function withPeer(state: CoordinatorState, context: Context, peer: Peer): CoordinatorState {
  const { ownPeers } = context;
  if (ownPeers !== null && ownPeers === state.peers) {
    ownPeers.set(peer.id, peer);
    return state;
  }
  const peers = new Map(state.peers).set(peer.id, peer);
  context.ownPeers = peers;
  return { ...state, peers };
}

export function withRole(
  state: CoordinatorState,
  context: Context,
  id: MemberId,
  role: Role,
): CoordinatorState {
  const peer = state.peers.get(id);
  if (peer === undefined || peer.role === role) return state;
  return withPeer(state, context, { ...peer, role });
}

/** Ends the run; the first failure stays. */
export function failRun(state: CoordinatorState, failure: Failure): CoordinatorState {
  if (state.phase === 'failed' || state.phase === 'finished' || state.phase === 'gone')
    return state;
  return { ...state, phase: 'failed', failure, gotOnAt: state.now };
}
