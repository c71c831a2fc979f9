import type { DataListener } from '../shared/data/data-progress.js';
import { LockstepError } from '../shared/errors.js';
import { requireSameIdentity, type RunIdentity } from '../coordinator/run-identity.js';
import type { JsonValue } from '../coordinator/run-folder/checkpoint-format.js';
import { CheckpointStore } from '../coordinator/run-folder/checkpoint-store.js';
import { readRunConfig } from '../coordinator/run-folder/run-folder.js';
import { bestSchema, type BestMark } from '../shared/controls/standing.js';
import { prepareRun, type PreparedRun } from './prepare-run.js';
import { weightsOrRefuse } from './weights-of-run.js';
import { OBJECT_MODEL, type ConfigInput } from '../shared/config/schema.js';
import type { RunUseOptions, WeightChoice } from '../shared/run-reports.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A run as it stands in its folder, for use: nothing there is changed. */
export interface TrainedRun {
  readonly prepared: PreparedRun;
  /** Optimizer steps of the newest valid checkpoint. */
  readonly applied: number;
  /** float32 [layout.weightsLength], out of that checkpoint, and the steps behind them. */
  readonly weights: Float32Array;
  readonly step: number;
  readonly weightsOf: WeightChoice;
}

/**
 * Throws RUN_FOLDER_NOT_A_RUN, RUN_WITHOUT_CHECKPOINT, RUN_WITHOUT_BEST, RUN_IDENTITY_DIFFERS where the model or its
 * engine is not what it was. Other data are allowed here: nothing of them was trained on, so that they
 * are taken as they are, without a validation set and without noise.
 */
export async function openTrainedRun(folder: string, options: RunUseOptions): Promise<TrainedRun> {
  const notice = options.notice ?? (() => undefined);
  const stored = (await readRunConfig(folder)) as ConfigInput;
  const listener: DataListener = { onNotice: notice };
  const saved = join(folder, 'model');
  const store = new CheckpointStore(join(folder, 'checkpoints'), stored.keepCheckpoints ?? 1);
  const found = await store.newestValid((error) => {
    notice(`${error.message} An older one is taken.`);
  });
  if (found === null) throw withoutCheckpoint(folder);
  const { step: applied, identity, sections, state } = found.checkpoint;
  const prepared = await prepareRun(
    {
      ...stored,
      ...(stored.model === OBJECT_MODEL && existsSync(saved) && { model: saved }),
      // Its weights come out of a checkpoint.
      pretrained: null,
      out: folder,
      // Whoever uses a run may look at any image.
      dataMemory: null,
      ...(options.data !== undefined && { data: options.data }),
      ...(options.threads !== undefined && { threads: options.threads }),
      // Computed on GPUs where they are; it need not be where they were.
      ...(stored.gpus !== 'none' && { gpus: null }),
    },
    listener,
    { trainedOn: identity['data set'] },
  );
  // Whatever the weights came from, they are used by this layout and these kernels.
  const used = Object.keys(prepared.identity).filter((name) => /^(layout|compiled)/.test(name));
  const those = (all: RunIdentity): RunIdentity =>
    Object.fromEntries(used.map((name) => [name, all[name] ?? 'absent']));
  requireSameIdentity(those(identity), those(prepared.identity), folder);
  const best = markIn(state['best']);
  const usual = prepared.config.restoreBest && best !== null ? 'best' : 'last';
  const choice = options.weights ?? usual;
  const { step, bytes } = weightsOrRefuse({ step: applied, state: sections, best }, choice, folder);
  const weights = new Float32Array(new Uint8Array(bytes).buffer);
  return { prepared, applied, step, weights, weightsOf: choice };
}

function withoutCheckpoint(folder: string): LockstepError {
  return new LockstepError('RUN_WITHOUT_CHECKPOINT', `${folder} holds no checkpoint yet.`, {
    hint: 'Let the run come to its first checkpoint, or lower --checkpoint-every.',
    where: { run: folder },
  });
}

/** The mark of the best state, as a checkpoint's header has it. */
function markIn(value: JsonValue | undefined): BestMark | null {
  const parsed = bestSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
