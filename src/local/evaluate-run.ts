import { digestOfBytes } from '../coordinator/run-identity.js';
import type { EvaluateOptions, EvaluationReport, SetName } from '../shared/run-reports.js';
import { LockstepError } from '../shared/errors.js';
import { SET_INDEX } from '../shared/protocol/run-schedule.js';
import { Trainer } from '../worker/trainer.js';
import { trainerSetup, type PreparedRun } from './prepare-run.js';
import { openTrainedRun } from './trained-run.js';

/** Loss and accuracy of a run's newest weights, each sample of a set counted once. */
export async function evaluateRun(
  folder: string,
  options: EvaluateOptions,
): Promise<EvaluationReport> {
  const { prepared, step, weights } = await openTrainedRun(folder, options);
  const { train, validation, test } = prepared.data;
  const counts = { train: train.count, validation: validation?.count ?? 0, test: test.count };
  const wanted = options.sets === 'all' ? ALL_SETS.filter((set) => counts[set] > 0) : options.sets;
  if (wanted.includes('validation') && validation === null) {
    throw new LockstepError('RUN_WITHOUT_VALIDATION', `${folder} has no validation set.`, {
      hint: 'Name another set; --validation of train puts samples aside.',
      where: { run: folder },
    });
  }
  const trainer = await openForUse(prepared, weights, options.notice);
  try {
    const sets: EvaluationReport['sets'][number][] = [];
    for (const set of wanted) {
      const { losses, correct } = await trainer.evaluate(SET_INDEX.get(set)!, step);
      const samples = counts[set];
      const loss = losses.reduce((sum, value) => sum + value, 0) / samples;
      const accuracy = correct.reduce((sum, value) => sum + value, 0) / samples;
      sets.push({ set, samples, loss, accuracy });
    }
    return {
      run: folder,
      step,
      weightsDigest: digestOfBytes(new Uint8Array(weights.buffer)),
      engine: prepared.program.engine,
      sets,
    };
  } finally {
    await trainer.close();
  }
}

const ALL_SETS: readonly SetName[] = ['train', 'validation', 'test'];

/** A trainer with these weights that will only infer. */
export async function openForUse(
  prepared: PreparedRun,
  weights: Float32Array,
  notice: (text: string) => void = () => undefined,
  predicts = false,
): Promise<Trainer> {
  const trainer = await Trainer.open({
    ...trainerSetup(prepared),
    predicts,
    onRepair: (fault) => {
      notice(`${fault.message} A new thread takes its place.`);
    },
    hook: null,
  });
  trainer.begin(weights);
  return trainer;
}
