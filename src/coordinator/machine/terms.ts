import type { Refusal } from '../../shared/protocol/messages.js';
import { failRun, type Context } from './context.js';
import type { CoordinatorState } from './state.js';

/** A member does not obey: it follows another coordinator, of this term or a higher one. */
export function takeRefusal(
  state: CoordinatorState,
  context: Context,
  refusal: Refusal,
): CoordinatorState {
  const { run, id } = state.config;
  if (!state.peers.has(refusal.from)) return state;
  if (refusal.run !== run || refusal.coordinator !== id || refusal.term < state.term) return state;
  return giveWay(state, context, refusal.term);
}

/**
 * Somebody follows a term that is not below ours. Before this coordinator has begun, its folder is
 * older than the workers: it claims a term above theirs. Afterwards another coordinator has taken
 * the run over: this one ends, without a word to the workers, who would not obey it.
 */
export function giveWay(
  state: CoordinatorState,
  context: Context,
  heard: number,
): CoordinatorState {
  if (!state.begun) {
    const term = heard + 1;
    context.emit({ kind: 'save-term', term });
    return { ...state, phase: 'claiming', term, gotOnAt: state.now };
  }
  const failed = failRun(state, {
    code: 'PROTOCOL_OLD_TERM',
    message: `The workers follow another coordinator, of term ${heard}; this one has term ${state.term}.`,
    hint: 'Let one coordinator run. The folder of this one may be an old copy.',
    where: { term: state.term },
  });
  context.emit({ kind: 'exit', failure: failed.failure });
  return { ...failed, phase: 'gone' };
}
