import { epochOrder, stepSamples, stepsPerEpoch } from '#src/shared/data/epoch-plan.js';
import { expectedProof } from '#src/shared/data/sample-proof.js';
import {
  microBatchCount,
  microBatchRange,
  type Range,
} from '#src/shared/numerics/micro-batches.js';
import { momentNames } from '#src/shared/numerics/optimizer-settings.js';
import { childrenOf, isLeaf, rootOf, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import { optimizerOf } from '#src/shared/config/optimizer.js';
import type { PreparedRun } from '#src/local/prepare-run.js';
import { SegmentMath } from '#src/worker/rows/segment-math.js';
import { segmentRange } from '#src/shared/numerics/row-segments.js';
import type { PieceSums, StepSegment, StepTally } from '#src/worker/threads/thread-team.js';
import type { Trainer, TrainerState, TrainerStep } from '#src/worker/trainer.js';

/**
 * A trainer without threads, data or model: its rows are a function of the step, the micro-batch
 * and the weights, so that a row that is lost, doubled or added in another order shows in the end.
 */
export class FakeTrainer {
  progress = 0;
  readonly reducedRow: Float32Array;
  readonly #run: PreparedRun;
  readonly #state: ReadonlyMap<string, Float32Array>;
  readonly #math: SegmentMath;

  /** `segments`: in how many rows travel. */
  constructor(
    run: PreparedRun,
    kernels: WebAssembly.Module,
    readonly segments: number,
  ) {
    this.#math = new SegmentMath(kernels, run.layout.rowLength);
    this.#run = run;
    const { layout, initialWeights, config } = run;
    this.reducedRow = new Float32Array(layout.rowLength);
    const moments = momentNames(optimizerOf(config)).map(
      (name) => [name, new Float32Array(layout.trainableLength)] as const,
    );
    this.#state = new Map([['weights', initialWeights.slice()] as const, ...moments]);
  }

  get asTrainer(): Trainer {
    return this as unknown as Trainer;
  }

  gradients(
    step: number,
    node?: TreeNode,
    onSegment: (segment: StepSegment) => void = () => undefined,
  ): Promise<TrainerStep> {
    this.progress += 1;
    const { config, data } = this.#run;
    const perEpoch = stepsPerEpoch(data.train.count, config.batchSize);
    const epoch = Math.floor(step / perEpoch);
    const order = epochOrder(config.seed, epoch, data.train.count);
    const samples = stepSamples(order, config.batchSize, step % perEpoch);
    const count = microBatchCount(samples.length, config.microBatch);
    const own = node ?? rootOf(count);
    const first = microBatchRange(samples.length, count, own.first).first;
    const { end } = microBatchRange(samples.length, count, own.end - 1);
    const [low, high] = expectedProof(samples.slice(first, end), data.train.labels, epoch);
    this.reducedRow.set(this.#sum(step, own));
    const tally = { correct: 0, samples: end - first, proof: (BigInt(high) << 32n) | BigInt(low) };
    this.#tell(tally, onSegment);
    return Promise.resolve({
      row: 0,
      ...tally,
      digest: this.#math.inspect(new Uint8Array(this.reducedRow.buffer), 0).digest,
      nonFinite: -1,
      seconds: 0.001 * (own.end - own.first),
      busySeconds: [0.001],
      lossSum: this.reducedRow[this.#run.layout.lossOffset]!,
      culprit: null,
    });
  }

  #tell(tally: StepTally, onSegment: (segment: StepSegment) => void): void {
    const { length } = this.reducedRow;
    for (let segment = 0; segment < this.segments; segment++) {
      const { first, end } = segmentRange(length, this.segments, segment);
      const bytes = new Uint8Array(this.reducedRow.slice(first, end).buffer);
      const { digest, nonFinite } = this.#math.inspect(bytes, first);
      onSegment({ segment, tally, digest, nonFinite });
    }
  }

  rowAt(): Float32Array {
    return this.reducedRow;
  }

  apply(_step: number, samples: number, learningRate: number): Promise<void> {
    this.progress += 1;
    const weights = this.#state.get('weights')!;
    const { trainableLength } = this.#run.layout;
    for (let i = 0; i < trainableLength; i++) {
      weights[i] = weights[i]! - (learningRate * this.reducedRow[i]!) / samples;
    }
    return Promise.resolve();
  }

  evaluate(_set: number, _applied: number, { first, end }: Range): Promise<PieceSums> {
    const pieces = end - first;
    return Promise.resolve({ losses: new Float32Array(pieces), correct: new Int32Array(pieces) });
  }

  capture(): TrainerState {
    const copy = (vector: Float32Array): Uint8Array => new Uint8Array(vector.slice().buffer);
    return new Map([...this.#state].map(([name, vector]) => [name, copy(vector)]));
  }

  restore(state: TrainerState): void {
    for (const [name, vector] of this.#state) {
      new Uint8Array(vector.buffer).set(state.get(name)!);
    }
  }

  elementName(element: number): string {
    return `element ${element}`;
  }

  /** As the tree says; with thirds, so that another order gives other bits. */
  #sum(step: number, node: TreeNode): Float32Array {
    const row = new Float32Array(this.reducedRow.length);
    if (isLeaf(node)) {
      const weights = this.#state.get('weights')!;
      for (let i = 0; i < row.length; i++) {
        row[i] = (((node.first * 31 + i * 7 + step * 13) % 97) - 48) / 3 + (weights[i] ?? 0);
      }
      return row;
    }
    const [left, right] = childrenOf(node).map((child) => this.#sum(step, child));
    for (let i = 0; i < row.length; i++) row[i] = left![i]! + right![i]!;
    return row;
  }
}
