import type { MonitoredMetric } from '#src/shared/controls/monitor.js';
import type { BestMark, Standing } from '#src/shared/controls/standing.js';
import { FIRST_STANDING, TrainingControls } from '#src/shared/controls/training-controls.js';
import { floatBits, floatOfBits } from '#src/shared/numerics/float-bits.js';
import { microBatchCount, microBatchRange } from '#src/shared/numerics/micro-batches.js';
import { childrenOf, isLeaf, rootOf, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import {
  addTallies,
  type Control,
  type EvaluationKind,
  type EvaluationSum,
  type StepRecord,
  type Tally,
} from '#src/shared/protocol/control.js';
import { firstLineage, nextLineage } from '#src/shared/protocol/lineage.js';
import type { EvaluationPlan, PieceResult } from '#src/shared/protocol/messages.js';
import type { Schedule, StepPlan } from '#src/shared/protocol/schedule.js';
import { mix, mixText } from './random.js';

/**
 * A training run in miniature, with everything that makes the real one delicate: rows of float32
 * that depend on the weights, sums that depend on the order of addition, a short last batch, an
 * optimizer with memory, evaluations whose result goes into the learning rate, and decides what is
 * best and when to stop.
 */
export interface ModelOptions {
  readonly run: string;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** Samples of the last batch of an epoch. */
  readonly shortBatch: number;
  readonly microBatch: number;
  /** Elements of a row, and of the weights. */
  readonly elements: number;
  readonly evaluationPieces: number;
  /** Decisions that hang on evaluations; null: none. */
  readonly controls: {
    readonly monitor: MonitoredMetric;
    /** Evaluations until it stops early; null: it does not. */
    readonly stopsAfter: number | null;
    readonly restoreBest: boolean;
  } | null;
}

export interface Weights {
  readonly weights: Float32Array;
  readonly moments: Float32Array;
  /** The best so far. */
  readonly best: Float32Array;
}

/** What is captured, sent and stored. */
export interface State extends Weights {
  readonly standing: Standing | null;
}

export class Model {
  readonly schedule: Schedule;

  constructor(readonly options: ModelOptions) {
    const { steps, stepsPerEpoch, batchSize, shortBatch, microBatch } = options;
    const controls = controlsOf(options);
    const known = new Map<number, StepPlan>();
    this.schedule = {
      steps,
      step: (step) => {
        const before = known.get(step);
        if (before !== undefined) return before;
        const samples = (step + 1) % stepsPerEpoch === 0 ? shortBatch : batchSize;
        let hash = 0n;
        for (let sample = 0; sample < samples; sample++) hash += sampleHash(step, sample);
        const microBatches = microBatchCount(samples, microBatch);
        const plan = { microBatches, samples, hash: BigInt.asUintN(64, hash) };
        known.set(step, plan);
        return plan;
      },
      evaluation: (applied, which) => this.#evaluation(applied, which),
      // Of all that decisions know: what is lost of it on the way shows in the weights.
      learningRateBits: (step, standing) => {
        const { epoch, plateau, best } = standing ?? FIRST_STANDING;
        const known = epoch.correct / 1e4 + epoch.lossSum / 1e5 + (best?.value ?? 0) / 1e3;
        return floatBits(0.1 / (1 + step / 8 + plateau.reductions) + known);
      },
      controls,
      endsWithBest: options.controls?.restoreBest === true,
    };
  }

  #evaluation(applied: number, which: EvaluationKind): readonly EvaluationPlan[] {
    const { stepsPerEpoch, evaluationPieces: pieces, steps } = this.options;
    const rest = [{ set: 'train', pieces, samples: pieces * 10 }];
    const unseen = [{ set: 'validation', pieces: 2, samples: 7 }];
    if (which === 'best') return [...rest, ...unseen];
    if (which === 'rest') return pieces === 0 || applied === steps ? [] : rest;
    const ends = applied > 0 && (applied % stepsPerEpoch === 0 || applied === steps);
    if (!ends || pieces === 0) return [];
    return applied === steps ? [...rest, ...unseen] : unseen;
  }

  initial(): Weights {
    const { elements } = this.options;
    return {
      weights: Float32Array.from({ length: elements }, (_, i) => Math.fround(mix(i, 7) / 2 ** 33)),
      moments: new Float32Array(elements),
      best: new Float32Array(elements),
    };
  }

  /** As the folder of a new run has it. */
  initialState(): State {
    return { ...this.initial(), standing: this.schedule.controls?.first ?? null };
  }

  /** One micro-batch: sums over its samples. */
  row(step: number, index: number, { weights }: Pick<Weights, 'weights'>): Float32Array {
    const row = new Float32Array(weights.length);
    const { samples, microBatches } = this.schedule.step(step);
    const { first, end } = microBatchRange(samples, microBatches, index);
    for (let sample = first; sample < end; sample++) {
      for (let i = 0; i < row.length; i++) {
        const noise = mix(step, sample, i) / 2 ** 32 - 0.5;
        row[i] = row[i]! + Math.fround(noise + weights[i]! * 0.3);
      }
    }
    return row;
  }

  tally(step: number, index: number): Tally {
    const { samples, microBatches } = this.schedule.step(step);
    const { first, end } = microBatchRange(samples, microBatches, index);
    let tally: Tally = { samples: 0, correct: 0, hash: 0n };
    for (let sample = first; sample < end; sample++) {
      const correct = mix(step, sample, 99) & 1;
      tally = addTallies(tally, { samples: 1, correct, hash: sampleHash(step, sample) });
    }
    return tally;
  }

  /** The sum under a node, as the tree has it. */
  sum(
    step: number,
    node: TreeNode,
    weights: Pick<Weights, 'weights'>,
  ): { row: Float32Array; tally: Tally } {
    if (isLeaf(node)) {
      return { row: this.row(step, node.first, weights), tally: this.tally(step, node.first) };
    }
    const [left, right] = childrenOf(node).map((child) => this.sum(step, child, weights));
    return {
      row: addRows(left!.row, right!.row),
      tally: addTallies(left!.tally, right!.tally),
    };
  }

  /** `isBest`: the weights before the step are the best so far. */
  apply(
    before: Weights,
    gradient: Float32Array,
    { samples, control, isBest }: { samples: number; control: Control; isBest: boolean },
  ): Weights {
    const rate = floatOfBits(control.learningRateBits);
    const moments = before.moments.map((m, i) => Math.fround(0.9 * m + gradient[i]! / samples));
    const weights = before.weights.map((w, i) => Math.fround(w - Math.fround(rate * moments[i]!)));
    return { weights, moments, best: isBest ? before.weights : before.best };
  }

  evaluate(applied: number, piece: number, weights: Float32Array): PieceResult {
    const loss = Math.fround(Math.abs(weights[piece % weights.length]!) * (piece + 1));
    return { piece, lossBits: floatBits(loss), correct: mix(applied, piece) % 10 };
  }

  /** The run as nobody disturbed it: one worker, no machine, no network. */
  undisturbed(): Oracle {
    const { run, steps } = this.options;
    const { controls, endsWithBest } = this.schedule;
    let weights = this.initial();
    let standing = controls?.first ?? null;
    let lineage = firstLineage(run);
    const states = [{ lineage, digest: digestOf(weights), standing }];
    const records: StepRecord[] = [];
    const sums: (readonly EvaluationSum[])[] = [];
    for (let step = 0; ; step++) {
      const evaluation = this.#sums(step, 'regular', weights.weights);
      sums.push(evaluation);
      const decided = standing && controls!.afterEvaluation(standing, step, evaluation);
      const stops = decided !== null && controls!.stops(decided);
      if (step === steps || stops) {
        const best = decided?.best ?? null;
        const isOld = endsWithBest && best !== null && best.step !== step;
        const closing = isOld
          ? this.#sums(step, 'best', weights.best)
          : [...evaluation, ...this.#sums(step, 'rest', weights.weights)];
        return { states, records, sums, end: step, closing, best, stops };
      }
      const plan = this.schedule.step(step);
      const { row, tally } = this.sum(step, rootOf(plan.microBatches), weights);
      const learningRateBits = this.schedule.learningRateBits(step, decided);
      const control: Control = { step, learningRateBits, evaluation };
      const digest = rowDigest(row);
      const after = nextLineage(lineage, control, digest);
      const lossBits = floatBits(row[row.length - 1]!);
      const record = { step, before: lineage, after, control, digest, lossBits, tally };
      records.push(record);
      const isBest = decided?.best?.step === step;
      weights = this.apply(weights, row, { samples: plan.samples, control, isBest });
      standing = decided && controls!.afterStep(decided, record);
      lineage = after;
      states.push({ lineage, digest: digestOf(weights), standing });
    }
  }

  #sums(applied: number, which: EvaluationKind, weights: Float32Array): readonly EvaluationSum[] {
    let piece = 0;
    return this.schedule.evaluation(applied, which).map(({ set, pieces, samples }) => {
      let lossSum = 0;
      let correct = 0;
      for (const end = piece + pieces; piece < end; piece++) {
        const result = this.evaluate(applied, piece, weights);
        lossSum += floatOfBits(result.lossBits);
        correct += result.correct;
      }
      return { set, samples, lossSum, correct };
    });
  }
}

/** What must come out: states after 0 … steps, records of the steps, evaluations at each state. */
export interface Oracle {
  readonly states: readonly {
    readonly lineage: string;
    readonly digest: string;
    readonly standing: Standing | null;
  }[];
  readonly records: readonly StepRecord[];
  readonly sums: readonly (readonly EvaluationSum[])[];
  /** Where it ends, by itself or early; what the summary then tells. */
  readonly end: number;
  readonly closing: readonly EvaluationSum[];
  readonly best: BestMark | null;
  readonly stops: boolean;
}

function controlsOf({ controls, stepsPerEpoch }: ModelOptions): TrainingControls | null {
  if (controls === null) return null;
  const { monitor: metric, stopsAfter } = controls;
  const common = { metric, minDelta: 0 };
  return new TrainingControls({
    stepsPerEpoch,
    plateau: { ...common, patience: 1, cooldown: 1, mostReductions: 3 },
    stopping: stopsAfter === null ? null : { ...common, patience: stopsAfter, fromStep: 0 },
    best: metric,
  });
}

function sampleHash(step: number, sample: number): bigint {
  return (BigInt(mix(step, sample, 1)) << 32n) | BigInt(mix(step, sample, 2));
}

export function addRows(left: Float32Array, right: Float32Array): Float32Array {
  return left.map((value, i) => Math.fround(value + right[i]!));
}

export function rowDigest(row: Float32Array): string {
  return bytesHash(row).toString(16).padStart(8, '0');
}

export function digestOf({ weights, moments, best }: Weights): string {
  return rowDigest(weights) + rowDigest(moments) + rowDigest(best);
}

export function bytesHash(row: Float32Array): number {
  return mix(...new Uint32Array(row.buffer, row.byteOffset, row.length));
}

export function segmentOf(row: Float32Array, segment: number, segments: number): Float32Array {
  const size = Math.ceil(row.length / segments);
  return row.slice(segment * size, Math.min(row.length, (segment + 1) * size));
}

/** What a real rim does with CRC-32C over header and payload. */
export function checksumOf(name: string, tally: Tally | null, payload: Float32Array): number {
  const sums = tally === null ? '' : `${tally.samples} ${tally.correct} ${tally.hash}`;
  return mix(mixText(`${name} ${sums}`), bytesHash(payload));
}
