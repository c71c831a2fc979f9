import type { DataProgress } from '../shared/data/data-progress.js';
import { LockstepError } from '../shared/errors.js';
import type { RunObserver, RunSummary } from '../shared/run-events.js';
import { Trainer } from '../worker/trainer.js';
import { openFolder, openTrace, refuseIfAborted, SILENT, tellChoices } from './begin.js';
import { interrupted, saveTrained, summarize } from './conclude.js';
import { FeatureFiles } from './feature-files.js';
import { LOCAL_WORKER, LocalRun } from './local-run.js';
import type { RunTrace } from '../coordinator/trace/run-trace.js';
import { tellReadAhead } from './data-memory.js';
import { prepareRun, trainerSetup, type RunInput, withProbeRow } from './prepare-run.js';

export type TrainInput = RunInput & {
  /** Told what happens; see RunObserver. */
  readonly observer?: RunObserver;
  /** Aborted: the run ends after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told how fetching a data set goes on. */
  readonly onDataProgress?: ((progress: DataProgress) => void) | undefined;
  /** URL of a ThreadHook, for tests and measurements: runs in every compute thread. */
  readonly threadHook?: string;
};

/**
 * Trains a model on this machine's cores, or goes on with a run (`resume`). Resolves with what
 * summary.json holds. Throws LockstepError: RUN_INTERRUPTED where `signal` ended it, CONFIG_*,
 * DATA_*, MODEL_*, ENGINE_*, RUN_* and THREAD_FAULT as docs/errors.md says.
 */
export async function train(input: TrainInput): Promise<RunSummary> {
  const began = performance.now();
  const { observer: told = SILENT, signal, onDataProgress, threadHook = null, ...rest } = input;
  const notice = told.notice.bind(told);
  const run = await prepareRun(rest, { onNotice: notice, onProgress: onDataProgress });
  if (run.config.dryRun) {
    throw new LockstepError('CONFIG_INVALID', 'dryRun: train was asked to train nothing.', {
      hint: 'Call planRun, which says what train would do.',
    });
  }
  refuseIfAborted(signal);
  tellChoices(run, notice);
  const folder = await openFolder(run, rest.out === undefined, notice);
  let trace: RunTrace | null = null;
  try {
    trace = await openTrace(run, notice);
    const observer = trace?.watching(told) ?? told;
    const trainer = await Trainer.open({
      ...trainerSetup(run),
      predicts: false,
      onRepair: (fault) => {
        notice(`${fault.message} A new thread takes its place.`);
      },
      onNotice: notice,
      hook: threadHook,
      tracer: trace?.local(LOCAL_WORKER) ?? null,
    });
    let features: FeatureFiles | null = null;
    try {
      refuseIfAborted(signal);
      const probed = await withProbeRow(run, trainer);
      features = await FeatureFiles.open(run, trainer, notice);
      const local = await LocalRun.begin(probed, folder, trainer, observer, trace);
      const setupSeconds = (performance.now() - began) / 1000;
      const conclusion = await local.finish(signal);
      if (conclusion === null) throw interrupted(folder.path);
      tellReadAhead(trainer.readAhead, notice);
      await saveTrained(run, conclusion, folder);
      const summary = summarize(run, folder.path, conclusion, began, setupSeconds);
      await folder.writeSummary(summary);
      observer.finished(summary);
      return summary;
    } finally {
      await features?.write();
      await trainer.close();
    }
  } finally {
    await trace?.close();
    await folder.close();
  }
}
