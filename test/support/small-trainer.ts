import type { ImageSet } from '#src/shared/data/image-set.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { Trainer } from '#src/worker/trainer.js';
import type { ModelBuilder } from '../golden/models.js';
import { randomWeights } from '../worker/engine/wasm/harness.js';

export interface SmallTrainerOptions {
  readonly set: ImageSet;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly threads: number;
  readonly fastMath?: boolean;
  readonly segments?: number | null;
  readonly hook?: string | null;
}

const SEED = 5;

/** A trainer of a model with weights that are always the same, on a set in memory. */
export async function smallTrainer(
  build: ModelBuilder,
  { set, fastMath = false, segments = null, hook = null, ...rest }: SmallTrainerOptions,
): Promise<Trainer> {
  const { shape, classes } = set;
  const model = build(shape, classes.length);
  const layout = rowLayout(model);
  const program = await wasmEngine.build({
    model,
    layout,
    image: shape,
    classes: classes.length,
    microBatch: rest.microBatch,
    seed: SEED,
    labelSmoothing: 0,
    fastMath,
  });
  const trainer = await Trainer.open({
    ...rest,
    program,
    layout,
    engineModule: wasmEngine.module,
    optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 },
    average: null,
    keepsBest: false,
    sets: [set],
    augmentation: null,
    seed: SEED,
    fastMath,
    limits: { stallMilliseconds: 60_000, startMilliseconds: 60_000 },
    segments,
    predicts: false,
    onRepair: () => undefined,
    hook,
  });
  trainer.begin(randomWeights(layout, 2));
  return trainer;
}
