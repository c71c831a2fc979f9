import type { BestMark } from '../shared/controls/standing.js';
import { LockstepError } from '../shared/errors.js';
import type { NamedBytes } from '../shared/protocol/state-bytes.js';
import type { WeightChoice } from '../shared/run-reports.js';

/** A state of a run after `step` steps. */
export interface RunState {
  readonly step: number;
  readonly state: NamedBytes;
  /** null where the run keeps no best weights, or has none yet. */
  readonly best: BestMark | null;
}

/** Float32 weights as bytes, and the number of steps behind them; null where there are none such. */
export function weightsOf(
  { step, state, best }: RunState,
  choice: WeightChoice,
): { readonly step: number; readonly bytes: Uint8Array } | null {
  const raw = state.get('weights')!;
  if (choice === 'raw') return { step, bytes: raw };
  const last = state.get('averagedWeights') ?? raw;
  if (choice === 'last' || best?.step === step) return { step, bytes: last };
  const kept = state.get('bestWeights');
  return best === null || kept === undefined ? null : { step: best.step, bytes: kept };
}

/** Throws RUN_WITHOUT_BEST where they are asked for, and there are none. */
export function weightsOrRefuse(
  run: RunState,
  choice: WeightChoice,
  folder: string,
): { readonly step: number; readonly bytes: Uint8Array } {
  const found = weightsOf(run, choice);
  if (found !== null) return found;
  throw new LockstepError('RUN_WITHOUT_BEST', `${folder} keeps no best weights.`, {
    hint: 'Take the last ones; --keep-best or --restore-best of train keeps the best.',
    where: { run: folder },
  });
}
