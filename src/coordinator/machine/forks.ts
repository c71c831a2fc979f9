import type { Failure } from '../../shared/protocol/messages.js';
import { peersOf, type Part } from './context.js';
import type { CoordinatorState, Peer } from './state.js';
import { removePeers } from './views.js';

/**
 * In a run whose steps come out otherwise when they are done again, a learner may have taken its
 * snapshot of a step that was done again since: it went another way, and begins anew.
 */
export const removeStrayed: Part = (state, context) => {
  if (state.config.exact) return state;
  const strayed = peersOf(state, 'learner').filter((peer) => hasStrayed(state, peer));
  return removePeers(
    state,
    context,
    strayed.map((peer) => ({ peer, failure: otherWay(peer) })),
  );
};

function hasStrayed({ lineages }: CoordinatorState, { report }: Peer): boolean {
  const known = report.applied === null ? undefined : lineages.get(report.applied);
  return known !== undefined && report.lineage !== null && known !== report.lineage;
}

function otherWay({ worker, report }: Peer): Failure {
  return {
    code: 'PROTOCOL_REMOVED',
    message: `Worker ${worker} learnt a state after ${report.applied ?? 0} steps that was made again otherwise since.`,
    hint: 'It joins again, and takes a new snapshot; nothing needs to be done.',
    where: { worker },
  };
}
