import { saveModel } from '../coordinator/model/save-model.js';
import { digestOfBytes } from '../coordinator/run-identity.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { shortModelName } from '../shared/config/resolve.js';
import type { WireFormat } from '../shared/config/schema.js';
import { monitorOf } from '../shared/config/training-controls.js';
import type { BestMark } from '../shared/controls/standing.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { LockstepError } from '../shared/errors.js';
import { meansOf, type EvaluationSum } from '../shared/protocol/control.js';
import { TEST_SET, TRAIN_SET, VALIDATION_SET } from '../shared/protocol/evaluated-sets.js';
import type { NamedBytes } from '../shared/protocol/state-bytes.js';
import type { RunSummary } from '../shared/run-events.js';
import type { PreparedRun } from './prepare-run.js';
import { versions } from './versions.js';
import { weightsOf } from './weights-of-run.js';

/** What a run has come to. */
export interface Conclusion {
  readonly steps: number;
  readonly state: NamedBytes;
  /** Of the weights that the run ends with: those of `ofBest`, else the last ones. */
  readonly evaluation: readonly EvaluationSum[];
  readonly best: BestMark | null;
  readonly ofBest: boolean;
  readonly stoppedEarly: boolean;
  /** Of this process: optimizer steps, their samples and seconds, and evaluation. */
  readonly samplesHere: number;
  readonly trainingSeconds: number;
  readonly evaluationSeconds: number;
}

export function saveTrained(
  { model, layout }: PreparedRun,
  conclusion: Conclusion,
  folder: RunFolder,
): Promise<void> {
  const bytes = finalWeights(conclusion);
  const weights = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return saveModel(model, layout, weights, folder.modelPath);
}

/** Those that the run ends with. */
function finalWeights({ steps: step, state, best, ofBest }: Conclusion): Uint8Array {
  return weightsOf({ step, state, best }, ofBest ? 'best' : 'last')!.bytes;
}

export function interrupted(path: string): LockstepError {
  return new LockstepError('RUN_INTERRUPTED', 'The run was ended before its last step.', {
    hint: `Its folder holds a checkpoint: go on with lockstep train --resume ${path}`,
    where: { run: path },
  });
}

/** Who has computed a run, in this process's part of it. */
export interface Computed {
  readonly threads: number;
  /** Names of engines, with their hardware where they have some. */
  readonly engines: readonly string[];
  /** How gradients travelled between workers. */
  readonly wire: WireFormat;
}

export function summarize(
  { config, data, layout, program }: PreparedRun,
  run: string,
  conclusion: Conclusion,
  began: number,
  setupSeconds: number,
  { threads, engines, wire }: Computed = {
    ...{ threads: config.threads, engines: [program.engine], wire: 'float32' },
  },
): RunSummary {
  const { steps, evaluation, best, samplesHere, trainingSeconds } = conclusion;
  const perEpoch = stepsPerEpoch(data.train.count, config.batchSize);
  const whole = Math.floor(steps / perEpoch);
  const samplesSeen = whole * data.train.count + (steps % perEpoch) * config.batchSize;
  const train = meansOf(evaluation, TRAIN_SET)!;
  const validation = meansOf(evaluation, VALIDATION_SET);
  const test = meansOf(evaluation, TEST_SET);
  return {
    run,
    model: shortModelName(config.model),
    parameters: layout.trainableLength,
    weightsDigest: digestOfBytes(finalWeights(conclusion)),
    engine: program.engine,
    mixedEngines: config.mixedEngines ? engines : null,
    wire,
    threads,
    steps,
    epochs: samplesSeen / data.train.count,
    samplesSeen,
    stoppedEarly: conclusion.stoppedEarly,
    best: best && {
      step: best.step,
      epoch: Math.ceil(best.step / perEpoch),
      metric: monitorOf(config),
      value: best.value,
    },
    weightsOf: config.restoreBest && best !== null ? 'best' : 'last',
    samplesPerSecond: trainingSeconds > 0 ? samplesHere / trainingSeconds : 0,
    trainLoss: train.loss,
    trainAccuracy: train.accuracy,
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.accuracy ?? null,
    testLoss: test?.loss ?? null,
    testAccuracy: test?.accuracy ?? null,
    setupSeconds,
    trainingSeconds,
    evaluationSeconds: conclusion.evaluationSeconds,
    totalSeconds: (performance.now() - began) / 1000,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    versions: { ...versions(), ...(program.hardware !== undefined && { gpu: program.hardware }) },
  };
}
