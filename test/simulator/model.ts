import { floatBits, floatOfBits } from '#src/shared/numerics/float-bits.js';
import { microBatchCount, microBatchRange } from '#src/shared/numerics/micro-batches.js';
import { childrenOf, isLeaf, rootOf, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import {
  addTallies,
  type Control,
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
 * optimizer with memory, evaluations whose result goes into the learning rate.
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
}

export interface Weights {
  readonly weights: Float32Array;
  readonly moments: Float32Array;
}

export class Model {
  readonly schedule: Schedule;

  constructor(readonly options: ModelOptions) {
    const { steps, stepsPerEpoch, batchSize, shortBatch, microBatch } = options;
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
      evaluation: (applied) => this.#evaluation(applied),
      learningRateBits: (step, evaluation) => {
        const [first] = evaluation;
        return floatBits(0.1 / (1 + step / 8) + (first === undefined ? 0 : first.correct / 10000));
      },
    };
  }

  #evaluation(applied: number): readonly EvaluationPlan[] {
    const { stepsPerEpoch, evaluationPieces: pieces, steps } = this.options;
    const ends = applied > 0 && (applied % stepsPerEpoch === 0 || applied === steps);
    if (!ends || pieces === 0) return [];
    return [
      { set: 'train', pieces, samples: pieces * 10 },
      { set: 'test', pieces: 1, samples: 7 },
    ];
  }

  initial(): Weights {
    const { elements } = this.options;
    return {
      weights: Float32Array.from({ length: elements }, (_, i) => Math.fround(mix(i, 7) / 2 ** 33)),
      moments: new Float32Array(elements),
    };
  }

  /** One micro-batch: sums over its samples. */
  row(step: number, index: number, { weights }: Weights): Float32Array {
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
  sum(step: number, node: TreeNode, weights: Weights): { row: Float32Array; tally: Tally } {
    if (isLeaf(node)) {
      return { row: this.row(step, node.first, weights), tally: this.tally(step, node.first) };
    }
    const [left, right] = childrenOf(node).map((child) => this.sum(step, child, weights));
    return {
      row: addRows(left!.row, right!.row),
      tally: addTallies(left!.tally, right!.tally),
    };
  }

  apply(before: Weights, gradient: Float32Array, samples: number, control: Control): Weights {
    const rate = floatOfBits(control.learningRateBits);
    const moments = before.moments.map((m, i) => Math.fround(0.9 * m + gradient[i]! / samples));
    const weights = before.weights.map((w, i) => Math.fround(w - Math.fround(rate * moments[i]!)));
    return { weights, moments };
  }

  evaluate(applied: number, piece: number, { weights }: Weights): PieceResult {
    const loss = Math.fround(Math.abs(weights[piece % weights.length]!) * (piece + 1));
    return { piece, lossBits: floatBits(loss), correct: mix(applied, piece) % 10 };
  }

  /** The run as nobody disturbed it: one worker, no machine, no network. */
  undisturbed(): Oracle {
    const { run, steps } = this.options;
    let weights = this.initial();
    let lineage = firstLineage(run);
    const oracle: Oracle = {
      states: [{ lineage, digest: digestOf(weights) }],
      records: [],
      sums: [],
    };
    for (let step = 0; step < steps; step++) {
      const plan = this.schedule.step(step);
      oracle.sums.push(this.#sums(step, weights));
      const { row, tally } = this.sum(step, rootOf(plan.microBatches), weights);
      const evaluation = oracle.sums[step]!;
      const learningRateBits = this.schedule.learningRateBits(step, evaluation);
      const control: Control = { step, learningRateBits, evaluation };
      const digest = rowDigest(row);
      const after = nextLineage(lineage, control, digest);
      const lossBits = floatBits(row[row.length - 1]!);
      oracle.records.push({ step, before: lineage, after, control, digest, lossBits, tally });
      weights = this.apply(weights, row, plan.samples, control);
      lineage = after;
      oracle.states.push({ lineage, digest: digestOf(weights) });
    }
    oracle.sums.push(this.#sums(steps, weights));
    return oracle;
  }

  #sums(applied: number, weights: Weights): readonly EvaluationSum[] {
    let piece = 0;
    return this.schedule.evaluation(applied).map(({ set, pieces, samples }) => {
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
  readonly states: { readonly lineage: string; readonly digest: string }[];
  readonly records: StepRecord[];
  readonly sums: (readonly EvaluationSum[])[];
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

export function digestOf({ weights, moments }: Weights): string {
  return rowDigest(weights) + rowDigest(moments);
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
