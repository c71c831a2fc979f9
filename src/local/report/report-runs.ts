import { basename } from 'node:path';
import { readMetrics } from '../../coordinator/run-folder/metrics-reader.js';
import { readRunSummary } from '../../coordinator/run-folder/run-folder.js';
import { digestOfBytes } from '../../coordinator/run-identity.js';
import type { RunReport } from '../../report/run-report.js';
import { countClasses } from '../../shared/data/classes.js';
import { stepsPerEpoch } from '../../shared/data/epoch-plan.js';
import { inMemory } from '../../shared/data/stored-set.js';
import { LockstepError } from '../../shared/errors.js';
import type { RunUseOptions } from '../../shared/run-reports.js';
import { evaluateSet, openForUse } from '../evaluate-run.js';
import { openTrainedRun } from '../trained-run.js';
import { featureMapsOf } from './feature-maps.js';
import { isStudy, reportStudy } from './report-study.js';
import { rightImages, shownImage, wrongImages } from './shown-images.js';
import { epochPoints, learningRates } from './training-curves.js';

const SHOWN_IMAGES = 24;

/**
 * A page of HTML, whole in itself, about one run or several compared: how training went, and what
 * the newest weights are worth on the test set; or about one study. Nothing in the folders is changed.
 */
export async function reportRuns(
  folders: readonly string[],
  options: RunUseOptions = {},
): Promise<string> {
  if (folders.some(isStudy)) {
    const [only, ...others] = folders;
    if (others.length === 0) return reportStudy(only!, options);
    throw new LockstepError('USAGE_INVALID', 'A study is reported by itself, not beside others.', {
      hint: 'Name one folder of a study, or run folders alone.',
    });
  }
  // Charts take a while to load: only who asks for a page waits for them.
  const { runPage } = await import('../../report/run-page.js');
  const names = shortNames(folders);
  const runs: RunReport[] = [];
  for (const [i, folder] of folders.entries()) {
    runs.push(await gather(folder, names[i]!, options));
  }
  return runPage(runs);
}

async function gather(folder: string, name: string, options: RunUseOptions): Promise<RunReport> {
  const run = await openTrainedRun(folder, options);
  const { prepared, applied, step, weights, weightsOf } = run;
  const { config, data, program } = prepared;
  const { train } = data;
  const test = inMemory(data.test);
  const records = (await readMetrics(folder)).filter((record) => record.step <= applied);
  const trainer = await openForUse(prepared, weights, options.notice, true);
  const { evaluation, predictions } = await evaluateSet(trainer, run, 'test').finally(() =>
    trainer.close(),
  );
  const first = shownImage(test, predictions, 0);
  return {
    name,
    folder,
    configuration: { ...config },
    summary: await readRunSummary(folder),
    step,
    weightsOf,
    weightsDigest: digestOfBytes(new Uint8Array(weights.buffer)),
    engine: program.engine,
    parameters: prepared.layout.trainableLength,
    epochs: epochPoints(records),
    learningRates: learningRates(records, stepsPerEpoch(train.count, config.batchSize)),
    data: {
      name: data.name,
      shape: test.shape,
      classes: test.classes,
      train: countClasses(train.labels, train.classes.length),
      test: countClasses(test.labels, test.classes.length),
    },
    scores: evaluation,
    right: rightImages(test, predictions, SHOWN_IMAGES),
    wrong: wrongImages(test, predictions, SHOWN_IMAGES),
    maps: { image: first, layers: featureMapsOf(run, first.pixels, test.shape) },
  };
}

/** Names of folders; where two are called the same, as they were written. */
function shortNames(folders: readonly string[]): string[] {
  const short = folders.map((folder) => basename(folder));
  return new Set(short).size === short.length ? short : [...folders];
}
