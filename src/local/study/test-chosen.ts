import type { TestScore } from '../../shared/study/results.js';
import { evaluateRun } from '../evaluate-run.js';
import type { StudyFolder } from './study-folder.js';

/**
 * What the chosen run is worth on the test set: evaluated once, and remembered with the study, so
 * that the test set is not looked at again by the same command.
 */
export async function testChosen(
  folder: StudyFolder,
  run: string,
  threads: number | undefined,
): Promise<TestScore> {
  if (folder.test?.run === run) return folder.test;
  const report = await evaluateRun(folder.runPath(run), {
    sets: ['test'],
    ...(threads !== undefined && { threads }),
  });
  const { loss, accuracy } = report.sets[0]!;
  const test = { run, loss, accuracy, weightsDigest: report.weightsDigest };
  await folder.recordTest(test);
  return test;
}
