import { lastStep } from '../shared/config/schedule.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { isStored } from '../shared/data/stored-set.js';
import { shortModelName } from '../shared/config/resolve.js';
import type { DryRunReport } from '../shared/run-reports.js';
import { planTrainerArena } from '../worker/trainer.js';
import { openForUse } from './evaluate-run.js';
import { prepareRun, trainerSetup, type RunInput } from './prepare-run.js';

/** The first step compiles and touches memory for the first time; the fastest of the rest counts. */
const TIMED_STEPS = 3;

/**
 * What `train` would do: plan, memory, and the time that a few steps on throw-away weights
 * predict. Nothing is written.
 */
export async function planRun(input: RunInput): Promise<DryRunReport> {
  const prepared = await prepareRun(input, {});
  const { config, data, layout, choice } = prepared;
  const perEpoch = stepsPerEpoch(data.train.count, config.batchSize);
  const steps = lastStep(config, perEpoch);
  const setup = trainerSetup(prepared);
  const arena = planTrainerArena(setup);
  const trainer = await openForUse(prepared, prepared.initialWeights);
  const dataBytes = setup.sets.reduce(
    (sum, set) => sum + (isStored(set) ? 0 : set.pixels.byteLength) + set.labels.byteLength,
    trainer.readAhead?.bytes ?? 0,
  );
  let stepSeconds = Infinity;
  try {
    for (let i = 0; i <= Math.min(TIMED_STEPS, perEpoch - 1); i++) {
      const began = performance.now();
      const { samples } = await trainer.gradients(i);
      await trainer.apply(i, samples, config.learningRate);
      if (i > 0 || perEpoch === 1) {
        stepSeconds = Math.min(stepSeconds, (performance.now() - began) / 1000);
      }
    }
  } finally {
    await trainer.close();
  }
  return {
    model: shortModelName(config.model),
    parameters: layout.trainableLength,
    engine: choice.engine.name,
    engineReason: choice.reason,
    data: data.source,
    trainSamples: data.train.count,
    validationSamples: data.validation?.count ?? 0,
    testSamples: data.test.count,
    threads: config.threads,
    batchSize: config.batchSize,
    microBatch: config.microBatch,
    sharesMicroBatches: choice.engine.sharesMicroBatches,
    stepsPerEpoch: perEpoch,
    steps,
    memory: [
      ...arena.parts.map(({ name, bytes }) => ({ part: name, bytes })),
      { part: 'data set', bytes: dataBytes },
    ].sort((a, b) => b.bytes - a.bytes),
    stepSeconds,
    trainingSeconds: stepSeconds * steps,
  };
}
