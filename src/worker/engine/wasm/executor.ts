import { assertInternal, LockstepError } from '../../../shared/errors.js';
import type { ComputeEngine, Evaluation, MicroBatch, Team, Watermark } from '../engine.js';
import { Binder, runCalls, type BoundCall, type Fixed } from './bind.js';
import type { Plan } from './plan/plan.js';
import { FrozenLayers } from './frozen-layers.js';
import { samplesOf, teamRunner } from './team.js';

/** Runs a plan in one compute thread. */
export class Executor implements ComputeEngine {
  private readonly binder: Binder;
  private readonly region: number;
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
  /** Of frozen layers before all others; null: there are none. */
  private readonly frozen: FrozenLayers | null;

  constructor(
    private readonly plan: Plan,
    fixed: Fixed,
  ) {
    const binder = new Binder(fixed);
    this.region = fixed.regions.thread;
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
    this.frozen = plan.frozen ? new FrozenLayers(plan.frozen, plan.staged, fixed.regions) : null;

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
    runCalls(this.frozen?.unprepared(this.prepareCalls, part, parts) ?? this.prepareCalls);
  }

  gradients(batch: MicroBatch, row: number, watermark: Watermark): number {
    return this.gradientsInto(batch, row, watermark, { add: false, team: null });
  }

  gradientsInto(
    batch: MicroBatch,
    row: number,
    watermark: Watermark,
    { add, team }: { readonly add: boolean; readonly team: Team | null },
  ): number {
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
    this.share(batch.size, team);
    if (team === null || team.place === 0) {
      this.stage(batch);
      this.frozen?.recall(batch, 'training');
    }
    this.binder.fill('step', batch.step);
    this.binder.fill('row', row);
    this.binder.fill('add', add ? 1 : 0);
    this.binder.fillMomentumTerms(batch.index, batch.count);
    if (team !== null && !team.meet()) return -1;
    const run = team === null ? runCalls : teamRunner(team, batch.size);
    if (!this.forwards(batch, run, team)) return -1;
    for (const stage of this.backward) {
      if (!run(stage.calls)) return -1;
      watermark(stage.watermark, this.correct[0]!);
    }
    return this.correct[0]!;
  }

  /** Forward, from where it is not known already. False where the team was given up. */
  private forwards(
    batch: MicroBatch,
    run: (calls: readonly BoundCall[]) => boolean,
    team: Team | null,
  ): boolean {
    const { frozen } = this;
    if (frozen === null) return run(this.forward);
    const { first, rest } = frozen.split(this.forward, 'forward');
    if (!frozen.isKnown(team?.region)) {
      if (!run(first)) return false;
      if (team === null || team.place === 0) frozen.keep(batch, 'training');
    }
    return run(rest);
  }

  /** Inference up to the logits. */
  private infer(batch: MicroBatch): void {
    this.share(batch.size, null);
    this.stage(batch);
    const { frozen } = this;
    if (frozen === null) {
      runCalls(this.inference);
      return;
    }
    frozen.recall(batch, 'inferring');
    const { first, rest } = frozen.split(this.inference, 'inference');
    if (!frozen.isKnown()) {
      runCalls(first);
      frozen.keep(batch, 'inferring');
    }
    runCalls(rest);
  }

  evaluate(batch: MicroBatch): Evaluation {
    this.infer(batch);
    runCalls(this.evaluation);
    return { lossSum: this.loss[0]!, correct: this.correct[0]! };
  }

  predict(batch: MicroBatch, out: Float32Array): void {
    this.infer(batch);
    runCalls(this.prediction);
    out.set(this.probabilities.subarray(0, batch.size * this.plan.classes));
  }

  /** Fills in what this thread does of a micro-batch: all of it, or its share of a team's. */
  private share(size: number, team: Team | null): void {
    const { place, size: threads, region } = team ?? { place: 0, size: 1, region: this.region };
    const [first, end] = samplesOf(size, place, threads);
    this.binder.fill('batch', size);
    this.binder.fill('size', end - first);
    this.binder.fill('part', place);
    this.binder.fill('parts', threads);
    this.binder.fillPlaces(region, first);
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
  }
}
