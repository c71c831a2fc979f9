import { configError } from '../../shared/config/faults.js';
import { expectation } from '../../shared/config/json-schema.js';
import { CONFIG_SHAPE, type ConfigInput } from '../../shared/config/schema.js';
import { chosenOf } from '../../shared/study/choice.js';
import type { StudyPlan } from '../../shared/study/job.js';
import { kfoldPlan, spreadOf } from '../../shared/study/kfold-plan.js';
import type { FoldsResults } from '../../shared/study/results.js';
import { rowsCsv, runRow } from '../../shared/study/rows.js';
import type { StudyFolder } from './study-folder.js';
import { inStudyFolder, sharedConfig, type StudyOptions } from './study-options.js';
import { testChosen } from './test-chosen.js';

export interface KfoldInput {
  /** What all folds share: keys of the configuration, but `validation` and `fold`. */
  readonly config: ConfigInput;
  /** How many folds; each sample of the training set is validated on exactly once. */
  readonly folds: number;
  /** Whether the best fold's model is evaluated on the test set, once, at the end (true). */
  readonly test?: boolean;
}

/**
 * Cross-validation: trains once for each fold, on the rest of the training set, and validates on
 * the fold. Goes on where the folder `options.out` holds the same study.
 * @throws LockstepError CONFIG_INVALID, CONFIG_STUDY_DIFFERS, RUN_INTERRUPTED, DATA_* …
 */
export async function kfold(
  { config, folds, test = true }: KfoldInput,
  options: StudyOptions,
): Promise<FoldsResults> {
  if (!CONFIG_SHAPE.folds.safeParse(folds).success) {
    const message = `expected ${expectation('folds')}, got ${String(folds)}`;
    throw configError([{ path: 'folds', message }]);
  }
  const base = sharedConfig(config, ['fold', 'folds']);
  const plan = kfoldPlan(base, folds);
  const definition = { kind: 'kfold', base, folds, test } as const;
  return inStudyFolder(definition, plan, options, (folder) =>
    conclude(folder, plan, definition, options.threads),
  );
}

async function conclude(
  folder: StudyFolder,
  plan: StudyPlan,
  { base, folds, test }: { base: ConfigInput; folds: number; test: boolean },
  threads: number | undefined,
): Promise<FoldsResults> {
  const { outcomes } = folder;
  const jobs = plan.jobs(outcomes);
  const runs = jobs.map((job) => {
    const outcome = outcomes.get(job.id)!;
    return runRow(job, outcome, null, outcome.kind);
  });
  const chosen = chosenOf('validationAccuracy', jobs, outcomes)?.job.run ?? null;
  const results: FoldsResults = {
    kind: 'kfold',
    folder: folder.path,
    folds,
    split: base.validationSplit ?? 'stratified',
    runs,
    accuracy: spreadOf(runs.map(({ validationAccuracy }) => validationAccuracy)),
    loss: spreadOf(runs.map(({ validationLoss }) => validationLoss)),
    chosen,
    test: test && chosen !== null ? await testChosen(folder, chosen, threads) : null,
  };
  await folder.writeResults(results, rowsCsv(runs, ['fold']));
  return results;
}
