import { join } from 'node:path';
import t from 'tap';
import { RunFolder } from '#src/coordinator/run-folder/run-folder.js';
import { RunKeeper } from '#src/coordinator/run-keeper.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { TrainingControls } from '#src/shared/controls/training-controls.js';
import { floatBits } from '#src/shared/numerics/float-bits.js';
import type { EvaluationSum, StepRecord } from '#src/shared/protocol/control.js';
import { SILENT } from '#src/local/begin.js';
import { untimedMetrics } from '../support/small-runs.js';

/** Step `step` of 10 samples, taken after an evaluation of the state before it, or none. */
function record(step: number, evaluation: readonly EvaluationSum[] = []): StepRecord {
  const control = { step, learningRateBits: floatBits(0.5), evaluation };
  const tally = { samples: 10, correct: 5, hash: 0n };
  return { step, before: 'a', after: 'b', control, digest: '0', lossBits: floatBits(20), tally };
}

const evaluated = (loss: number): EvaluationSum[] => [
  { set: 'validation', samples: 4, lossSum: 4 * loss, correct: 3 },
  { set: 'test', samples: 8, lossSum: 16, correct: 4 },
];

void t.test('figures of evaluations that another coordinator has had', async (t) => {
  const out = join(t.testdir(), 'run');
  const config = resolveConfig({ out }, { processors: 1, now: new Date(0), cwd: '/' });
  const folder = await RunFolder.create(config, false, { notice: () => undefined });
  const metrics = await folder.openMetrics(0);
  const controls = new TrainingControls({
    stepsPerEpoch: 2,
    plateau: null,
    stopping: null,
    best: 'validationLoss',
  });
  const keeper = new RunKeeper({
    folder,
    metrics,
    observer: SILENT,
    identity: {},
    stepsPerEpoch: 2,
    done: [],
    stored: null,
    times: () => Promise.resolve({ stepSeconds: 1, computeSeconds: 1, updateSeconds: 0 }),
    captured: null,
    tracer: null,
    controls,
    standing: controls.first,
    tellDecisions: () => [],
    conclude: () => Promise.resolve(),
  });
  // Taken over from workers that have gone on to the fourth epoch.
  const records = [
    ...[record(0), record(1)],
    ...[record(2, evaluated(1)), record(3)],
    ...[record(4, evaluated(0.5)), record(5)],
    record(6, evaluated(0.75)),
  ];
  await keeper.record({ kind: 'record', records });
  await metrics.close();
  await folder.close();
  const epochs = untimedMetrics(out).filter(({ kind }) => kind === 'epoch');
  t.match(epochs, [
    { step: 2, validationLoss: 1, validationAccuracy: 0.75, testLoss: 2, isBest: true },
    { step: 4, validationLoss: 0.5, testAccuracy: 0.5, isBest: true },
    { step: 6, validationLoss: 0.75, isBest: false },
  ]);
});
