import { digestOfBytes } from '../coordinator/run-identity.js';
import { LockstepError } from '../shared/errors.js';
import { SET_INDEX } from '../shared/protocol/evaluated-sets.js';
import type { LabelledSet } from '../shared/data/image-set.js';
import { inMemory, type SampleSet } from '../shared/data/stored-set.js';
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
import { FeatureFiles } from './feature-files.js';
import { trainerSetup, type PreparedRun } from './prepare-run.js';
import { openTrainedRun, type TrainedRun } from './trained-run.js';

/** What a run's newest weights are worth, each sample of a set counted once. */
export async function evaluateRun(
  folder: string,
  options: EvaluateOptions,
): Promise<EvaluationReport> {
  const run = await openTrainedRun(folder, options);
  const { prepared, step, weights, weightsOf } = run;
  const wanted = options.sets === 'all' ? setsOf(prepared) : options.sets;
  for (const name of wanted) imagesOf(run, name);
  const changed = options.robustness === true ? changedSets(inMemory(prepared.data.test)) : [];
  const extra = changed.map(({ set }) => set);
  const firstExtra = trainerSetup(prepared).sets.length;
  const trainer = await openForUse(prepared, weights, options.notice, true, extra);
  try {
    const sets: SetEvaluation[] = [];
    for (const set of wanted) sets.push((await evaluateSet(trainer, run, set)).evaluation);
    const variants: VariantEvaluation[] = [];
    for (const [i, { variant, change, set }] of changed.entries()) {
      const means = await meansOf(trainer, firstExtra + i, set, step);
      variants.push({ variant, change, samples: set.count, ...means });
    }
    return {
      run: folder,
      step,
      weightsOf,
      weightsDigest: digestOfBytes(new Uint8Array(weights.buffer)),
      engine: prepared.program.engine,
      sets,
      robustness: options.robustness === true ? variants : null,
    };
  } finally {
    await trainer.close();
  }
}

const SETS: readonly SetName[] = ['train', 'validation', 'test'];

/** The sets that a run has. */
export const setsOf = ({ data }: PreparedRun): readonly SetName[] =>
  SETS.filter((name) => data[name] !== null);

/** Throws RUN_WITHOUT_VALIDATION. */
function imagesOf({ prepared }: TrainedRun, name: SetName): SampleSet {
  const images = prepared.data[name];
  const folder = prepared.config.out;
  if (images !== null) return images;
  throw new LockstepError('RUN_WITHOUT_VALIDATION', `${folder} has no ${name} set.`, {
    hint: 'Name another set; --validation of train puts samples aside.',
    where: { run: folder },
  });
}

/** `trainer`: opened with room for predictions. */
export async function evaluateSet(
  trainer: Trainer,
  run: TrainedRun,
  name: SetName,
): Promise<{ evaluation: SetEvaluation; predictions: Predictions }> {
  const { step } = run;
  const images = imagesOf(run, name);
  const index = SET_INDEX.get(name)!;
  const means = await meansOf(trainer, index, images, step);
  const probabilities = await trainer.predict(index, step);
  const predictions = predictionsOf(probabilities, images.labels, images.classes.length);
  const scores = setScores(predictions, images.classes);
  return { evaluation: { set: name, samples: images.count, ...means, ...scores }, predictions };
}

async function meansOf(
  trainer: Trainer,
  index: number,
  { count }: LabelledSet,
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
  extra: readonly SampleSet[] = [],
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
  await FeatureFiles.open(prepared, trainer, notice, extra);
  return trainer;
}
