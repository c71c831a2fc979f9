import { saveModel } from '../coordinator/model/save-model.js';
import { digestOfBytes } from '../coordinator/run-identity.js';
import { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { describeGranularity } from '../shared/config/granularity.js';
import { shortModelName } from '../shared/config/resolve.js';
import type { DataProgress } from '../shared/data/data-progress.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { LockstepError } from '../shared/errors.js';
import type { EvaluationSum } from '../shared/protocol/control.js';
import { TEST_SET, TRAIN_SET } from '../shared/protocol/run-schedule.js';
import type { RunObserver, RunSummary } from '../shared/run-events.js';
import { Trainer } from '../worker/trainer.js';
import { LocalRun, type Conclusion } from './local-run.js';
import { prepareRun, trainerSetup, type PreparedRun, type RunInput } from './prepare-run.js';
import { versions } from './versions.js';

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

const SILENT: RunObserver = {
  notice: () => undefined,
  started: () => undefined,
  step: () => undefined,
  epoch: () => undefined,
  finished: () => undefined,
};

/**
 * Trains a model on this machine's cores, or goes on with a run (`resume`). Resolves with what
 * summary.json holds. Throws LockstepError: RUN_INTERRUPTED where `signal` ended it, CONFIG_*,
 * DATA_*, MODEL_*, ENGINE_*, RUN_* and THREAD_FAULT as docs/errors.md says.
 */
export async function train(input: TrainInput): Promise<RunSummary> {
  const began = performance.now();
  const { observer = SILENT, signal, onDataProgress, threadHook = null, ...rest } = input;
  const notice = observer.notice.bind(observer);
  const run = await prepareRun(rest, { onNotice: notice, onProgress: onDataProgress });
  if (run.config.dryRun) {
    throw new LockstepError('CONFIG_INVALID', 'dryRun: train was asked to train nothing.', {
      hint: 'Call planRun, which says what train would do.',
    });
  }
  refuseIfAborted(signal);
  tellChoices(run, notice);
  const folder = await openFolder(run, rest.out === undefined, notice);
  try {
    const trainer = await Trainer.open({
      ...trainerSetup(run),
      predicts: false,
      onRepair: (fault) => {
        notice(`${fault.message} A new thread takes its place.`);
      },
      hook: threadHook,
    });
    try {
      refuseIfAborted(signal);
      trainer.begin(run.initialWeights);
      const identity = { ...run.identity, 'probe row': await trainer.probe() };
      const local = await LocalRun.begin({ ...run, identity }, folder, trainer, observer);
      const setupSeconds = (performance.now() - began) / 1000;
      const conclusion = await local.finish(signal);
      if (conclusion === null) throw interrupted(folder.path);
      await saveTrained(run, conclusion, folder);
      const summary = summarize(run, folder.path, conclusion, began, setupSeconds);
      await folder.writeSummary(summary);
      observer.finished(summary);
      return summary;
    } finally {
      await trainer.close();
    }
  } finally {
    await folder.close();
  }
}

/** Asked between the stages of the set-up; from then on the run itself listens. */
function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new LockstepError('RUN_INTERRUPTED', 'The run was ended before its first step.', {
    hint: 'Start it again.',
  });
}

function tellChoices({ config, data, choice }: PreparedRun, notice: (text: string) => void): void {
  notice(`Data: ${data.source}.`);
  notice(`Engine ${choice.engine.name}: ${choice.reason}.`);
  notice(`${describeGranularity(config, choice.engine.sharesMicroBatches)}.`);
}

function openFolder(
  { config }: PreparedRun,
  mayRename: boolean,
  notice: (text: string) => void,
): Promise<RunFolder> {
  return config.resume === null
    ? RunFolder.create(config, mayRename, { notice })
    : RunFolder.reopen(config, { notice });
}

function saveTrained(
  { model, layout }: PreparedRun,
  { state }: Conclusion,
  folder: RunFolder,
): Promise<void> {
  const bytes = state.get('weights')!;
  const weights = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return saveModel(model, layout, weights, folder.modelPath);
}

function interrupted(path: string): LockstepError {
  return new LockstepError('RUN_INTERRUPTED', 'The run was ended before its last step.', {
    hint: `Its folder holds a checkpoint: go on with lockstep train --resume ${path}`,
    where: { run: path },
  });
}

function summarize(
  { config, data, layout, program }: PreparedRun,
  run: string,
  conclusion: Conclusion,
  began: number,
  setupSeconds: number,
): RunSummary {
  const { steps, state, evaluation, samplesHere, trainingSeconds } = conclusion;
  const perEpoch = stepsPerEpoch(data.train.count, config.batchSize);
  const whole = Math.floor(steps / perEpoch);
  const samplesSeen = whole * data.train.count + (steps % perEpoch) * config.batchSize;
  const train = meansOf(evaluation, TRAIN_SET);
  const test = meansOf(evaluation, TEST_SET);
  return {
    run,
    model: shortModelName(config.model),
    parameters: layout.trainableLength,
    weightsDigest: digestOfBytes(state.get('weights')!),
    engine: program.engine,
    threads: config.threads,
    steps,
    epochs: samplesSeen / data.train.count,
    samplesSeen,
    samplesPerSecond: trainingSeconds > 0 ? samplesHere / trainingSeconds : 0,
    trainLoss: train.loss,
    trainAccuracy: train.accuracy,
    testLoss: test.loss,
    testAccuracy: test.accuracy,
    setupSeconds,
    trainingSeconds,
    evaluationSeconds: conclusion.evaluationSeconds,
    totalSeconds: (performance.now() - began) / 1000,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    versions: versions(),
  };
}

function meansOf(sums: readonly EvaluationSum[], name: string): { loss: number; accuracy: number } {
  const found = sums.find(({ set }) => set === name)!;
  return { loss: found.lossSum / found.samples, accuracy: found.correct / found.samples };
}
