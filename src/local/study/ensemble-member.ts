import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfBytes } from '../../coordinator/run-identity.js';
import { average } from '../../shared/ensemble/combine.js';
import type { LabelledSet } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { SET_INDEX, TEST_SET, VALIDATION_SET } from '../../shared/protocol/evaluated-sets.js';
import type { RunUseOptions } from '../../shared/run-reports.js';
import type { FoldsResults, StudyResults } from '../../shared/study/results.js';
import { openForUse } from '../evaluate-run.js';
import { splitOf } from '../split-data.js';
import { openTrainedRun } from '../trained-run.js';
import { readDefinition, readResults } from './study-folder.js';

/** What a member says of samples that it was not trained on, and of the test set. */
export interface MemberPredictions {
  readonly folder: string;
  readonly weightsDigests: readonly string[];
  readonly parameters: number;
  /** Digest of the whole data set; members of other data say nothing of the same samples. */
  readonly data: string;
  readonly train: LabelledSet;
  readonly test: LabelledSet;
  /** Indices into the training set, rising: uint32 [held out]. */
  readonly samples: Uint32Array;
  /** float32 [held out, classes], in the order of `samples`. */
  readonly heldOut: Float32Array;
  /** float32 [test images, classes]. */
  readonly onTest: Float32Array;
}

/**
 * A member of an ensemble: a run; a search, which stands for its chosen run; or a cross-validation,
 * which is the mean of its models on the test set, and on each training sample the model of the
 * fold that held it back.
 */
export async function predictMember(
  folder: string,
  options: RunUseOptions,
): Promise<MemberPredictions> {
  if (existsSync(join(folder, 'config.json'))) return { ...(await predictRun(folder, options)), folder }; // prettier-ignore
  const definition = await readDefinition(folder);
  const results = (await readResults(folder)) as StudyResults | null;
  if (definition === null || results === null) throw notAMember(folder);
  if (results.kind === 'sweep' && results.search !== 'rangeTest' && results.chosen !== null) {
    return { ...(await predictRun(join(folder, 'runs', results.chosen), options)), folder };
  }
  if (results.kind === 'kfold')
    return { ...(await predictFolds(folder, results, options)), folder };
  throw notAMember(folder);
}

type Predictions = Omit<MemberPredictions, 'folder'>;

async function predictRun(folder: string, options: RunUseOptions): Promise<Predictions> {
  const { prepared, step, weights } = await openTrainedRun(folder, options);
  const { data, config, layout } = prepared;
  const trainer = await openForUse(prepared, weights, options.notice, true);
  try {
    const say = async (set: string): Promise<Float32Array> =>
      (await trainer.predict(SET_INDEX.get(set)!, step)).slice();
    return {
      weightsDigests: [digestOfBytes(new Uint8Array(weights.buffer))],
      parameters: layout.trainableLength,
      data: data.digest,
      train: data.whole.train,
      test: data.test,
      samples: data.validation === null ? new Uint32Array() : splitOf(data.whole.train, config)!.validation, // prettier-ignore
      heldOut: data.validation === null ? new Float32Array() : await say(VALIDATION_SET),
      onTest: await say(TEST_SET),
    };
  } finally {
    await trainer.close();
  }
}

async function predictFolds(
  folder: string,
  { runs }: FoldsResults,
  options: RunUseOptions,
): Promise<Predictions> {
  const models: Predictions[] = [];
  for (const { run } of runs) models.push(await predictRun(join(folder, 'runs', run), options));
  const [first] = models as [Predictions];
  const classes = first.train.classes.length;
  const heldOut = new Float32Array(first.train.count * classes);
  for (const model of models) {
    model.samples.forEach((sample, i) => {
      heldOut.set(model.heldOut.subarray(i * classes, (i + 1) * classes), sample * classes);
    });
  }
  return {
    ...first,
    weightsDigests: models.flatMap(({ weightsDigests }) => weightsDigests),
    samples: Uint32Array.from(first.train.labels.keys()),
    heldOut,
    onTest: average(models.map(({ onTest }) => onTest)),
  };
}

function notAMember(folder: string): LockstepError {
  return new LockstepError(
    'STUDY_NOT_FOUND',
    `${folder} is no run, and no search or cross-validation that is done.`,
    {
      hint: 'Name run folders, or folders that lockstep sweep and kfold have finished.',
      where: { folder },
    },
  );
}
