import type { EpochPoint, Measured } from '../../report/run-report.js';
import type { MetricsRecord } from '../../shared/run-events.js';

/** As many points as a narrow chart can show. */
const MOST_POINTS = 200;

export function epochPoints(records: readonly MetricsRecord[]): readonly EpochPoint[] {
  return records.flatMap((record) => {
    if (record.kind !== 'epoch') return [];
    const { epoch, loss, accuracy, validationLoss, validationAccuracy } = record;
    const { testLoss, testAccuracy } = record;
    return [
      {
        epoch,
        train: { loss, accuracy },
        validation: measured(validationLoss, validationAccuracy),
        test: measured(testLoss, testAccuracy),
        isBest: record.isBest,
      },
    ];
  });
}

function measured(loss: number | null, accuracy: number | null): Measured | null {
  return loss === null || accuracy === null ? null : { loss, accuracy };
}

/** [epochs done, learning rate] of some steps, the first and the last among them. */
export function learningRates(
  records: readonly MetricsRecord[],
  stepsPerEpoch: number,
): readonly (readonly [number, number])[] {
  const steps = records.flatMap((record) => (record.kind === 'step' ? [record] : []));
  const every = Math.max(1, Math.ceil(steps.length / MOST_POINTS));
  return steps
    .filter((_, i) => i % every === 0 || i === steps.length - 1)
    .map(({ step, learningRate }) => [(step - 1) / stepsPerEpoch, learningRate]);
}
