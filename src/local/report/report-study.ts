import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readMetrics } from '../../coordinator/run-folder/metrics-reader.js';
import type { StudyReport } from '../../report/study-report.js';
import { LockstepError } from '../../shared/errors.js';
import { predictionsOf } from '../../shared/evaluation/predictions.js';
import { setScores } from '../../shared/evaluation/set-scores.js';
import type { MetricsRecord } from '../../shared/run-events.js';
import type { RunUseOptions } from '../../shared/run-reports.js';
import type { StudyResults } from '../../shared/study/results.js';
import { predictMember } from '../study/ensemble-member.js';
import { readDefinition, readResults } from '../study/study-folder.js';
import { epochPoints } from './training-curves.js';

export const isStudy = (folder: string): boolean => existsSync(join(folder, 'study.json'));

/**
 * A page of HTML about a study that is done. Nothing in its folder is changed.
 * @throws LockstepError STUDY_NOT_FOUND
 */
export async function reportStudy(folder: string, options: RunUseOptions): Promise<string> {
  const { studyPage } = await import('../../report/study-page.js');
  const definition = await readDefinition(folder);
  const results = (await readResults(folder)) as StudyResults | null;
  if (definition === null || results === null) {
    throw new LockstepError('STUDY_NOT_FOUND', `${folder} holds no study that is done.`, {
      hint: 'Start its command again: it goes on where it was, and writes results.json at the end.',
      where: { folder },
    });
  }
  const metrics = await metricsOf(folder, results);
  return studyPage({
    name: basename(folder),
    // The folder may have moved since.
    results: { ...results, folder },
    definition: { ...definition },
    epochs: mapped(metrics, epochPoints),
    accuracyByTime: mapped(metrics, accuracyByTime),
    heldOut: await heldOutScores(folder, results, options),
  });
}

const mapped = <A, B>(map: ReadonlyMap<string, A>, change: (value: A) => B): Map<string, B> =>
  new Map([...map].map(([key, value]) => [key, change(value)]));

async function metricsOf(
  folder: string,
  results: StudyResults,
): Promise<ReadonlyMap<string, readonly MetricsRecord[]>> {
  const metrics = new Map<string, readonly MetricsRecord[]>();
  if (results.kind === 'ensemble' || !('runs' in results)) return metrics;
  for (const { run, error } of results.runs) {
    if (error === null) metrics.set(run, await readMetrics(join(folder, 'runs', run)));
  }
  return metrics;
}

function accuracyByTime(records: readonly MetricsRecord[]): readonly (readonly [number, number])[] {
  let seconds = 0;
  return records.flatMap((record) => {
    if (record.kind === 'step') seconds += record.stepSeconds;
    else if (record.validationAccuracy !== null) return [[seconds, record.validationAccuracy]];
    return [];
  });
}

/** Of a cross-validation whose folds are all done. */
async function heldOutScores(
  folder: string,
  results: StudyResults,
  options: RunUseOptions,
): Promise<StudyReport['heldOut']> {
  if (results.kind !== 'kfold' || results.accuracy.mean === null) return null;
  const { heldOut, train } = await predictMember(folder, options);
  const predictions = predictionsOf(heldOut, train.labels, train.classes.length);
  return { samples: train.count, ...setScores(predictions, train.classes) };
}
