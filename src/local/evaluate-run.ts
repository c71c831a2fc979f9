import { digestOfBytes } from '../coordinator/run-identity.js';
import type { ImageSet } from '../shared/data/image-set.js';
import { predictionsOf, type Predictions } from '../shared/evaluation/predictions.js';
import { setScores } from '../shared/evaluation/set-scores.js';
import type {
  EvaluateOptions,
  EvaluationReport,
  SetEvaluation,
  SetName,
  VariantEvaluation,
} from '../shared/run-reports.js';
import { Trainer } from '../worker/trainer.js';
import { changedSets } from './changed-sets.js';
import { trainerSetup, type PreparedRun } from './prepare-run.js';
import { openTrainedRun, type TrainedRun } from './trained-run.js';

/** What a run's newest weights are worth, each sample of a set counted once. */
export async function evaluateRun(
  folder: string,
  options: EvaluateOptions,
): Promise<EvaluationReport> {
  const run = await openTrainedRun(folder, options);
  const { prepared, step, weights } = run;
  const changed = options.robustness === true ? changedSets(prepared.data.test) : [];
  const extra = changed.map(({ set }) => set);
  const trainer = await openForUse(prepared, weights, options.notice, true, extra);
  try {
    const sets: SetEvaluation[] = [];
    for (const set of options.sets) sets.push((await evaluateSet(trainer, run, set)).evaluation);
    const variants: VariantEvaluation[] = [];
    for (const [i, { variant, change, set }] of changed.entries()) {
      const means = await meansOf(trainer, FIRST_EXTRA + i, set, step);
      variants.push({ variant, change, samples: set.count, ...means });
    }
    return {
      run: folder,
      step,
      weightsDigest: digestOfBytes(new Uint8Array(weights.buffer)),
      engine: prepared.program.engine,
      sets,
      robustness: options.robustness === true ? variants : null,
    };
  } finally {
    await trainer.close();
  }
}

const SET_INDEX: Record<SetName, number> = { train: 0, test: 1 };
/** Where a trainer's sets that `openForUse` was given besides begin. */
const FIRST_EXTRA = 2;

/** `trainer`: opened with room for predictions. */
export async function evaluateSet(
  trainer: Trainer,
  { prepared, step }: TrainedRun,
  name: SetName,
): Promise<{ evaluation: SetEvaluation; predictions: Predictions }> {
  const images = prepared.data[name];
  const means = await meansOf(trainer, SET_INDEX[name], images, step);
  const probabilities = await trainer.predict(SET_INDEX[name], step);
  const predictions = predictionsOf(probabilities, images.labels, images.classes.length);
  const scores = setScores(predictions, images.classes);
  return { evaluation: { set: name, samples: images.count, ...means, ...scores }, predictions };
}

async function meansOf(
  trainer: Trainer,
  index: number,
  { count }: ImageSet,
  step: number,
): Promise<{ loss: number; accuracy: number }> {
  const { losses, correct } = await trainer.evaluate(index, step);
  return {
    loss: losses.reduce((sum, value) => sum + value, 0) / count,
    accuracy: correct.reduce((sum, value) => sum + value, 0) / count,
  };
}

/** A trainer with these weights that will only infer. `extra`: sets besides train and test. */
export async function openForUse(
  prepared: PreparedRun,
  weights: Float32Array,
  notice: (text: string) => void = () => undefined,
  predicts = false,
  extra: readonly ImageSet[] = [],
): Promise<Trainer> {
  const setup = trainerSetup(prepared);
  const trainer = await Trainer.open({
    ...setup,
    sets: [...setup.sets, ...extra],
    predicts,
    onRepair: (fault) => {
      notice(`${fault.message} A new thread takes its place.`);
    },
    hook: null,
  });
  trainer.begin(weights);
  return trainer;
}
