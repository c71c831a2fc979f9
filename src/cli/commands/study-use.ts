import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { StudyOptions } from '../../local/study/study-options.js';
import { LockstepError } from '../../shared/errors.js';
import type { RunRow } from '../../shared/study/results.js';
import { lastOf } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { dataProgressDisplay } from '../data-progress.js';
import { chooseStudyDisplay } from '../display/study-progress.js';
import { textFlag, wholeNumberFlag } from '../flags.js';
import { catchInterrupts } from '../interrupt.js';

const GROUP = 'The study';

/** The flags of all studies. `alone`: where runs are never side by side. */
export function withStudyFlags<T>(yargs: Argv<T>, out: string, alone = false): Argv<T> {
  yargs.options({
    out: {
      nargs: 1,
      description: 'Folder of the study: made, or gone on with',
      defaultDescription: out,
      group: GROUP,
    },
    ...(!alone && {
      parallel: {
        nargs: 1,
        description: 'Runs side by side at most',
        defaultDescription: 'as many as there are processors',
        group: GROUP,
      },
      threads: {
        nargs: 1,
        description: 'Compute threads of each run',
        defaultDescription: 'the processors, divided among those side by side',
        group: GROUP,
      },
    }),
    'retry-failed': { type: 'boolean', description: 'Try runs again that failed', group: GROUP },
    quiet: { type: 'boolean', description: 'No progress, only the result', group: GROUP },
    json: { type: 'boolean', description: 'Print the result as JSON', group: GROUP },
  });
  return yargs;
}

type Arguments = Readonly<Record<string, unknown>>;

/**
 * Carries a study out before the user's eyes, and prints what comes of it. Ctrl-C ends the runs
 * under way with a checkpoint.
 * @throws LockstepError STUDY_RUNS_FAILED after the results, where runs failed otherwise than by
 *   diverging
 */
export async function showStudy<Results extends { readonly folder: string }>(
  argv: Arguments,
  context: CliContext,
  standardOut: string,
  study: (options: StudyOptions) => Promise<Results>,
  shown: {
    readonly text: (results: Results) => string;
    readonly runs: (results: Results) => readonly RunRow[];
  },
): Promise<void> {
  const quiet = lastOf(argv['quiet']) === true;
  const json = lastOf(argv['json']) === true;
  const parallel = wholeNumberFlag(argv, 'parallel', 1);
  const threads = wholeNumberFlag(argv, 'threads', 1);
  const display = chooseStudyDisplay({ quiet, json }, context);
  const interrupts = catchInterrupts(display.notice);
  const fetching = dataProgressDisplay(context.stderr, quiet);
  let results: Results;
  try {
    results = await study({
      out: resolve(context.environment.cwd, textFlag(argv, 'out') ?? standardOut),
      ...(parallel !== null && { parallel }),
      ...(threads !== null && { threads }),
      retryFailed: lastOf(argv['retry-failed']) === true,
      observer: display,
      signal: interrupts.signal,
      onDataProgress: fetching.onProgress,
    });
  } finally {
    interrupts.stop();
    fetching.close();
    display.close();
  }
  if (json) writeJson(context.stdout, results);
  else context.stdout.write(`${shown.text(results)}\n`);
  refuseFailures(results.folder, shown.runs(results));
}

function refuseFailures(folder: string, runs: readonly RunRow[]): void {
  const failed = runs.filter(({ status }) => status === 'failed');
  const unexpected = failed.filter(({ error }) => error?.code !== 'STEP_NOT_FINITE');
  if (failed.length === 0 || (unexpected.length === 0 && failed.length < runs.length)) return;
  const list = failed.map(({ run, error }) => `  ${run}: ${error!.code}: ${error!.message}`);
  throw new LockstepError(
    'STUDY_RUNS_FAILED',
    `${String(failed.length)} of ${String(runs.length)} runs failed:\n${list.join('\n')}`,
    {
      hint: 'The results are written all the same. Mend the cause, then add --retry-failed.',
      where: { folder },
    },
  );
}
