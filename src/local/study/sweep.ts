import { readMetrics } from '../../coordinator/run-folder/metrics-reader.js';
import { overlay } from '../../shared/config/schedule.js';
import type { ConfigInput } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import { csv } from '../../shared/study/csv.js';
import { rangeResults } from '../../shared/study/range-test.js';
import type { RangeTestResults, SweepResults } from '../../shared/study/results.js';
import { rankedRows, rowsCsv } from '../../shared/study/rows.js';
import type { StudyFile, StudyInput } from '../../shared/study/study-schema.js';
import { parseStudy } from '../../shared/study/parse-study.js';
import { sweepPlan } from '../../shared/study/sweep-plan.js';
import type { StudyPlan } from '../../shared/study/job.js';
import { readRecipe } from './read-study.js';
import type { StudyFolder } from './study-folder.js';
import { inStudyFolder, sharedConfig, type StudyOptions } from './study-options.js';
import { testChosen } from './test-chosen.js';

/**
 * Searches a space of configurations: grid, random, successive halving, or a learning-rate range
 * test. The choice is made by validation data; the chosen run sees the test set, once. Goes on
 * where the folder `options.out` holds the same study. Runs that fail stand in the results with
 * their error.
 * @throws LockstepError CONFIG_INVALID, CONFIG_STUDY_DIFFERS, RUN_INTERRUPTED, DATA_* …
 */
export async function sweep(
  input: StudyInput,
  options: StudyOptions,
): Promise<SweepResults | RangeTestResults> {
  const study = parseStudy(input);
  const { recipe, train, ...search } = study;
  const fromRecipe = recipe === null ? {} : await readRecipe(recipe);
  const base = sharedConfig(overlay(fromRecipe, train as ConfigInput));
  const plan = sweepPlan(study, base);
  const definition = { kind: 'sweep', base, ...search } as const;
  return inStudyFolder<SweepResults | RangeTestResults>(definition, plan, options, (folder) =>
    study.search === 'rangeTest'
      ? concludeRangeTest(folder, plan)
      : concludeSearch(folder, plan, study, options.threads),
  );
}

async function concludeSearch(
  folder: StudyFolder,
  plan: StudyPlan,
  study: StudyFile,
  threads: number | undefined,
): Promise<SweepResults> {
  const { metric, space, variants } = study;
  const jobs = plan.jobs(folder.outcomes);
  const runs = rankedRows(metric, jobs, folder.outcomes);
  const chosen = runs[0]?.status === 'failed' ? null : runs[0]!.run;
  const keys = [...(variants === null ? [] : ['variant']), ...Object.keys(space)];
  const results: SweepResults = {
    kind: 'sweep',
    folder: folder.path,
    search: study.search as SweepResults['search'],
    metric,
    keys,
    runs,
    chosen,
    test: study.test && chosen !== null ? await testChosen(folder, chosen, threads) : null,
  };
  await folder.writeResults(results, rowsCsv(runs, keys));
  return results;
}

async function concludeRangeTest(folder: StudyFolder, plan: StudyPlan): Promise<RangeTestResults> {
  const [job] = plan.jobs(folder.outcomes);
  const outcome = folder.outcomes.get(job!.id)!;
  const diverged = outcome.kind === 'failed' && outcome.code === 'STEP_NOT_FINITE';
  if (outcome.kind === 'failed' && !diverged) {
    throw new LockstepError(outcome.code, outcome.message, {
      hint: 'Mend that, then start the command again with --retry-failed.',
      where: { run: folder.runPath(job!.run) },
    });
  }
  const records = await readMetrics(folder.runPath(job!.run));
  const steps = records.flatMap((record) => (record.kind === 'step' ? [record] : []));
  const results = { folder: folder.path, ...rangeResults(steps, diverged) };
  const columns = ['learningRate', 'loss', 'smoothedLoss'] as const;
  const lines = results.points.map((point) => columns.map((column) => point[column]));
  await folder.writeResults(results, csv([columns, ...lines]));
  return results;
}
