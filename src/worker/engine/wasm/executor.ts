import { assertInternal, LockstepError } from '../../../shared/errors.js';
import type { ComputeEngine, Evaluation, MicroBatch } from '../engine.js';
import { Binder, runCalls, type BoundCall, type Fixed } from './bind.js';
import type { Plan } from './plan/plan.js';

/** Runs a plan in one compute thread. */
export class Executor implements ComputeEngine {
  private readonly binder: Binder;
  private readonly prepareCalls: readonly BoundCall[];
  private readonly forward: readonly BoundCall[];
  private readonly backward: readonly { calls: readonly BoundCall[]; watermark: number }[];
  private readonly inference: readonly BoundCall[];
  private readonly evaluation: readonly BoundCall[];
  private readonly prediction: readonly BoundCall[];
  /** Views of this thread's region. */
  private readonly pixels: Uint8Array;
  private readonly labels: Uint16Array;
  private readonly samples: Uint32Array;
  private readonly loss: Float32Array;
  private readonly correct: Int32Array;
  private readonly probabilities: Float32Array;

  constructor(
    private readonly plan: Plan,
    fixed: Fixed,
  ) {
    const binder = new Binder(fixed);
    this.binder = binder;
    this.prepareCalls = binder.bind(plan.prepare);
    this.forward = binder.bind(plan.forward);
    this.backward = plan.backward.map(({ calls, watermark }) => ({
      calls: binder.bind(calls),
      watermark,
    }));
    this.inference = binder.bind(plan.inference);
    this.evaluation = binder.bind(plan.evaluation);
    this.prediction = binder.bind(plan.prediction);

    const { buffer } = fixed.regions.arena;
    const at = (offset: number) => fixed.regions.thread + offset;
    const { staged, batchMax, imageBytes, classes } = plan;
    this.pixels = new Uint8Array(buffer, at(staged.pixels), batchMax * imageBytes);
    this.labels = new Uint16Array(buffer, at(staged.labels), batchMax);
    this.samples = new Uint32Array(buffer, at(staged.samples), batchMax);
    this.loss = new Float32Array(buffer, at(staged.loss), 1);
    this.correct = new Int32Array(buffer, at(staged.correct), 1);
    this.probabilities = new Float32Array(buffer, at(plan.probabilities), batchMax * classes);
  }

  prepare(part: number, parts: number): void {
    this.binder.fill('part', part);
    this.binder.fill('parts', parts);
    runCalls(this.prepareCalls);
  }

  gradients(batch: MicroBatch, row: number, watermark: (elements: number) => void): number {
    if (batch.size < this.plan.batchMin) {
      throw new LockstepError(
        'ENGINE_BATCH_NORM_SINGLE',
        'A micro-batch of one sample gives a batch norm one value per channel, without a variance.',
        {
          hint: 'Choose a batch size and micro-batch size that leave at least two samples in each.',
          where: { step: batch.step + 1, microBatch: batch.index },
        },
      );
    }
    this.stage(batch);
    this.binder.fill('step', batch.step);
    this.binder.fill('row', row);
    this.binder.fillMomentumTerms(batch.index, batch.count);
    runCalls(this.forward);
    for (const stage of this.backward) {
      runCalls(stage.calls);
      watermark(stage.watermark);
    }
    return this.correct[0]!;
  }

  evaluate(batch: MicroBatch): Evaluation {
    this.stage(batch);
    runCalls(this.inference);
    runCalls(this.evaluation);
    return { lossSum: this.loss[0]!, correct: this.correct[0]! };
  }

  predict(batch: MicroBatch, out: Float32Array): void {
    this.stage(batch);
    runCalls(this.inference);
    runCalls(this.prediction);
    out.set(this.probabilities.subarray(0, batch.size * this.plan.classes));
  }

  /** Kernels read the arena only: the micro-batch is copied into this thread's region. */
  private stage({ size, pixels, labels, samples }: MicroBatch): void {
    const { batchMax, imageBytes } = this.plan;
    assertInternal(
      size >= 1 && size <= batchMax && pixels.length === size * imageBytes,
      `A micro-batch of ${size} samples and ${pixels.length} bytes does not fit the plan ` +
        `(up to ${batchMax} samples of ${imageBytes} bytes).`,
    );
    assertInternal(
      labels.length === size && samples.length === size,
      `A micro-batch of ${size} samples has ${labels.length} labels, ${samples.length} indices.`,
    );
    this.pixels.set(pixels);
    this.labels.set(labels);
    this.samples.set(samples);
    this.binder.fill('batch', size);
  }
}
