import type { Failure } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import { failRun, membersOf, type Context, type Part } from './context.js';
import type { CoordinatorState, Peer } from './state.js';
import { removePeers } from './views.js';

/**
 * Who is silent, who stands still, who says that it cannot go on: out. Whoever waits for others is
 * none of these.
 */
export const removeLost: Part = (state, context) => {
  if (state.phase !== 'gather' && state.phase !== 'run' && state.phase !== 'waiting') return state;
  const { now, config } = state;
  const out: { peer: Peer; failure: Failure }[] = [];
  for (const peer of state.peers.values()) {
    const silence = now - peer.heardAt;
    const standstill = now - peer.gotOnAt;
    const { activity, failure } = peer.report;
    if (failure !== null) out.push({ peer, failure });
    else if (silence > config.times.deadMillis) {
      out.push({ peer, failure: silent(state, peer, silence) });
    } else if (
      (activity === 'computing' || isLearning(state, peer)) &&
      standstill > config.times.stallMillis
    ) {
      out.push({ peer, failure: stalled(state, peer, standstill) });
    }
  }
  return removePeers(state, context, out);
};

/** Whose connection was closed is not waited for. */
export function removeClosed(
  state: CoordinatorState,
  context: Context,
  member: MemberId,
  reason: string,
): CoordinatorState {
  if (state.phase !== 'gather' && state.phase !== 'run' && state.phase !== 'waiting') return state;
  const peer = state.peers.get(member);
  if (peer === undefined) return state;
  const { worker, report } = peer;
  const failure: Failure = {
    code: 'WORKER_LOST',
    message: `The connection to worker ${worker} was closed (${reason}), ${report.activity} at step ${report.applied ?? 0}.`,
    hint: 'Look whether its process and its network are there. The others go on without it.',
    where: { worker, step: report.applied ?? 0, phase: state.phase },
  };
  return removePeers(state, context, [{ peer, failure: report.failure ?? failure }]);
}

/** A learner that has not taken its snapshot; the others may be waiting for it. */
function isLearning(state: CoordinatorState, peer: Peer): boolean {
  return peer.role === 'learner' && state.phase === 'run' && peer.report.learntFrom === null;
}

/** Everybody answers, and yet nothing moves: better an error than waiting for ever. */
export const failIfStuck: Part = (state) => {
  if (state.phase === 'claiming' || state.phase === 'waiting' || state.pausedAt !== null) {
    return state;
  }
  if (state.phase === 'finished' || state.phase === 'failed' || state.phase === 'gone')
    return state;
  const standstill = state.now - state.gotOnAt;
  if (standstill <= state.config.times.stuckMillis) return state;
  const members = membersOf(state)
    .map(({ worker, report }) => `${worker} ${report.activity} at step ${report.applied ?? 0}`)
    .join(', ');
  return failRun(state, {
    code: 'RUN_STUCK',
    message:
      `Nothing got on for ${standstill} ms in phase ${state.phase}: ${members || 'no workers'}; ` +
      `all have applied ${state.stable} steps, ${state.upTo} are allowed.`,
    hint: 'Report this with the log; then resume the run.',
    where: { phase: state.phase, stable: state.stable },
  });
};

function silent(state: CoordinatorState, { worker, report }: Peer, millis: number): Failure {
  return {
    code: 'WORKER_SILENT',
    message: `Worker ${worker} was last heard of ${millis} ms ago, ${report.activity} at step ${report.applied ?? 0}.`,
    hint: 'Look whether its process and its network are there. The others go on without it.',
    where: { worker, step: report.applied ?? 0, phase: state.phase },
  };
}

function stalled(state: CoordinatorState, { worker, report }: Peer, millis: number): Failure {
  return {
    code: 'WORKER_STALLED',
    message:
      `Worker ${worker} answers, but has not got on for ${millis} ms, ` +
      `${report.activity} at step ${report.applied ?? 0}.`,
    hint: 'Look at what its compute threads do. The others go on without it.',
    where: { worker, step: report.applied ?? 0, phase: state.phase },
  };
}
