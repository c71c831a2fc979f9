import { readMetrics } from '../coordinator/run-folder/metrics-reader.js';
import type { MetricsLog } from '../coordinator/run-folder/metrics-log.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { requireSameIdentity, runName } from '../coordinator/run-identity.js';
import type { StoredState } from '../coordinator/run-keeper.js';
import { lastStep } from '../shared/config/schedule.js';
import { trainingControlsOf } from '../shared/config/training-controls.js';
import { requireStanding, type Standing } from '../shared/controls/standing.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { LockstepError } from '../shared/errors.js';
import { firstLineage } from '../shared/protocol/lineage.js';
import type { RunObserver, StepRecord } from '../shared/run-events.js';
import type { PreparedRun } from './prepare-run.js';

/** Where a run goes on, as its folder has it. */
export interface TakenUp {
  readonly position: {
    readonly applied: number;
    readonly lineage: string;
    readonly standing: Standing | null;
  };
  readonly term: number;
  readonly metrics: MetricsLog;
  /** Steps of the epoch at hand that are in the metrics already. */
  readonly done: readonly StepRecord[];
  /** The newest valid checkpoint; null: the run begins with its initial weights. */
  readonly stored: StoredState | null;
}

export async function takeUp(
  run: PreparedRun,
  folder: RunFolder,
  observer: RunObserver,
): Promise<TakenUp> {
  const found = await folder.checkpoints.newestValid((error) => {
    observer.notice(`${error.message} An older one is taken.`);
  });
  const perEpoch = stepsPerEpoch(run.data.train.count, run.config.batchSize);
  let position: TakenUp['position'] = {
    applied: 0,
    lineage: firstLineage(runName(run.identity)),
    standing: trainingControlsOf(run.config, perEpoch)?.first ?? null,
  };
  const decides = position.standing !== null;
  let stored: StoredState | null = null;
  if (found !== null) {
    const { step, state, identity, sections, digests } = found.checkpoint;
    requireSameIdentity(identity, run.identity, folder.path);
    refuseEarlierEnd(run, step);
    const standing = decides ? requireStanding(sections) : null;
    position = { applied: step, lineage: String(state['lineage']), standing };
    stored = { applied: step, captured: { digest: digests['state']!, state: sections } };
    observer.notice(`Going on after step ${String(step)}, from ${found.path}.`);
  }
  if (run.config.resume !== null) await folder.keepConfig();
  const metrics = await folder.openMetrics(position.applied);
  const epoch = Math.ceil(position.applied / perEpoch);
  const done =
    found === null
      ? []
      : (await readMetrics(folder.path)).filter(
          (record): record is StepRecord => record.kind === 'step' && record.epoch === epoch,
        );
  const term = await folder.readTerm();
  await folder.discardSummary();
  return { position, term, metrics, done, stored };
}

/** `epochs` and `steps` are two ways to say the end; neither may bring it before what is done. */
function refuseEarlierEnd({ config, data }: PreparedRun, applied: number): void {
  const end = lastStep(config, stepsPerEpoch(data.train.count, config.batchSize));
  if (end >= applied) return;
  throw new LockstepError(
    'CONFIG_RESUME_DIFFERS',
    `The run has done ${String(applied)} steps; it cannot end after ${String(end)}.`,
    { hint: 'Ask for a later end, or for none.', where: { step: applied } },
  );
}
