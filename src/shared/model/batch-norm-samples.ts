import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../errors.js';
import { microBatchCount, microBatchRange } from '../numerics/micro-batches.js';
import type { RowLayout } from '../numerics/row-layout.js';
import { topologicalLayers } from './graph.js';

/**
 * Refuses a configuration in which a batch norm would see one single value per channel: alone it
 * has no variance. Steps have `batchSize` samples, the last one of an epoch what is left.
 *
 * Errors: ENGINE_BATCH_NORM_SINGLE.
 */
export function refuseSingleSamples(
  model: LayersModel,
  layout: RowLayout,
  samples: number,
  batchSize: number,
  microBatch: number,
): void {
  const layer = layout.moving.length === 0 ? null : batchNormOfPoints(model);
  if (layer === null) return;
  for (const step of [Math.min(batchSize, samples), samples % batchSize]) {
    if (step === 0) continue;
    const count = microBatchCount(step, microBatch);
    const { first, end } = microBatchRange(step, count, count - 1);
    if (end - first > 1) continue;
    throw new LockstepError(
      'ENGINE_BATCH_NORM_SINGLE',
      `A step of ${step} samples has micro-batches of a single sample, in which the batch norm ${layer} would see one value per channel; alone that has no variance.`,
      {
        hint: `Take another --batch-size or --micro-batch: every micro-batch needs two samples, also in the last step of ${samples} samples.`,
      },
    );
  }
}

/** The first batch norm on vectors or on maps of one pixel; null where there is none. */
function batchNormOfPoints(model: LayersModel): string | null {
  const found = topologicalLayers(model).find(
    ({ className, shape }) =>
      className === 'BatchNormalization' && shape.slice(1, -1).every((size) => size === 1),
  );
  return found?.label ?? null;
}
