import type { Failure } from '../../shared/protocol/messages.js';
import { failRun, type Context, type Part } from './context.js';
import type { CoordinatorState } from './state.js';

/** The digest of a captured state, once all who were to capture it agree; 'differ' if they do not. */
export function agreedDigest(state: CoordinatorState): string | 'differ' | null {
  const { capture } = state;
  if (capture === null) return null;
  const digests = capture.by.map(
    (id) =>
      state.peers.get(id)?.report.captured.find(({ applied }) => applied === capture.applied)
        ?.digest,
  );
  const [first] = digests;
  if (first === undefined || digests.includes(undefined)) return null;
  return digests.every((digest) => digest === first) ? first : 'differ';
}

/**
 * Stores a captured state, once all have applied as many steps and the metrics before it are on
 * disk: so that folder, metrics and sums agree.
 */
export const storeIfCaptured: Part = (state, context) => {
  const { capture } = state;
  if (state.phase !== 'run' || capture === null || capture.storing) return state;
  const digest = agreedDigest(state);
  if (digest === 'differ') return failRun(state, unequal(state, capture.applied));
  const lineage = state.lineages.get(capture.applied);
  const [writer] = capture.by;
  if (digest === null || lineage === undefined || writer === undefined) return state;
  if (state.stable < capture.applied || state.durable < capture.applied) return state;
  const { applied, best } = capture;
  if (applied === state.stored.applied) {
    // It is stored already, by a coordinator before this one: only its digest was wanted.
    return { ...state, stored: { ...state.stored, digest }, capture: null };
  }
  context.emit({ kind: 'store', applied, lineage, digest, writer, best });
  return { ...state, capture: { ...capture, storing: true } };
};

export function takeStored(
  state: CoordinatorState,
  { applied, lineage }: { readonly applied: number; readonly lineage: string },
): CoordinatorState {
  if (applied < state.stored.applied) return state;
  const ours = state.capture?.applied === applied;
  const digest = ours ? agreedDigest(state) : null;
  const capture = ours ? null : state.capture;
  return { ...state, stored: { applied, lineage, digest }, capture, gotOnAt: state.now };
}

/** Where only the way to the writer failed, another state is captured; else the run ends. */
export function takeStoreFailed(
  state: CoordinatorState,
  context: Context,
  { applied, failure }: { readonly applied: number; readonly failure: Failure },
): CoordinatorState {
  if (state.capture?.applied !== applied) return state;
  if (failure.code !== 'LINK_CLOSED' && failure.code !== 'LINK_FULL')
    return failRun(state, failure);
  context.emit({ kind: 'warn', failure });
  return { ...state, capture: null, checkpointWanted: true };
}

function unequal(state: CoordinatorState, applied: number): Failure {
  const workers = (state.capture?.by ?? []).map((id) => state.peers.get(id)?.worker ?? id);
  return {
    code: 'PROTOCOL_DIVERGED',
    message: `The states of ${workers.join(' and ')} after ${applied} steps are not the same bytes.`,
    hint: 'One of them has broken memory. The checkpoint was not written; resume from the last one.',
    where: { applied, workers: workers.join(', ') },
  };
}
