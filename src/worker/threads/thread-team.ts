import { assertInternal, type LockstepError } from '../../shared/errors.js';
import { microBatchCount, type Range } from '../../shared/numerics/micro-batches.js';
import type { TreeNode } from '../../shared/numerics/reduction-tree.js';
import { rowAddress } from './arena.js';
import { wallMillis, type Tracer } from '../../shared/trace/span.js';
import { THREAD, threadWord, timesAt, VALUE, type Control, type Phase } from './control.js';
import { ThreadPool, threadError, type PoolLimits } from './pool.js';
import { evenCuts, REDUCED } from './row-schedule.js';
import { SegmentBoard, type FinalSegment } from './segment-board.js';
import type { SharedStart, ThreadFault } from './thread-slot.js';

/** What the threads compute of one optimizer step. */
export interface StepTask {
  readonly step: number;
  readonly epoch: number;
  /** Which of the two shared orders holds the epoch's samples. */
  readonly order: 0 | 1;
  /** First place of the step's samples in the order, and their number. */
  readonly first: number;
  readonly samples: number;
  readonly microBatches: number;
  /** The node of the step's reduction tree whose row is wanted: the root, or a part. */
  readonly node: TreeNode;
  /** See VALUE.tag. */
  readonly tag: number;
}

/** What a node's samples come to. */
export interface StepTally {
  readonly correct: number;
  readonly samples: number;
  /** Sum mod 2^64 of the samples' hashes. */
  readonly proof: bigint;
}

/** The reduced row of a node, and what stands beside it. */
export interface StepResult extends StepTally {
  /** Byte address of the row in the arena: sums over the node's samples. */
  readonly row: number;
  /** 64-bit digest of the row. */
  readonly digest: bigint;
  /** First element of the row that is not finite; −1: all are. */
  readonly nonFinite: number;
  /** From the order to the reduced row. */
  readonly seconds: number;
  /** Of those, what each thread spent on gradients; the rest is waiting, for its team too. */
  readonly busySeconds: readonly number[];
}

/** A segment of the reduced row that is final; the rest may still be computed. */
export interface StepSegment extends FinalSegment {
  readonly segment: number;
  /** Of the whole node. */
  readonly tally: StepTally;
}

export interface UpdateTask {
  readonly samples: number;
  readonly microBatches: number;
  readonly learningRate: number;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ of Adam; ignored by optimizers without. */
  readonly correction1: number;
  readonly correction2: number;
  /** What the new weights count for in their average; ignored where none is kept. */
  readonly averageRate: number;
}

/** What an evaluation yields, by micro-batch: copies. */
export interface PieceSums {
  /** float32: sums of losses. */
  readonly losses: Float32Array;
  /** int32: samples classified rightly. */
  readonly correct: Int32Array;
}

/** Segments that become final wake the main thread; it looks for itself this often, in ms. */
const LOOK_AGAIN = 500;

/** So many times a phase is done again with a fresh thread before the run ends. */
const REPAIRS = 1;

/**
 * The compute threads as one: a step's gradients, an update, an evaluation. A thread that dies or
 * stands still while nothing lasting has been written is replaced, and the work is done again, to
 * the same bits. One that throws, or that fails during the update, ends the run.
 */
export class ThreadTeam {
  readonly #pool: ThreadPool;
  readonly #control: Control;
  readonly #start: SharedStart;
  readonly #onRepair: (fault: LockstepError) => void;
  readonly #tracer: Tracer | null;
  readonly #board: SegmentBoard | null;

  private constructor(
    pool: ThreadPool,
    control: Control,
    start: SharedStart,
    onRepair: (fault: LockstepError) => void,
    tracer: Tracer | null,
  ) {
    this.#pool = pool;
    this.#control = control;
    this.#start = start;
    this.#onRepair = onRepair;
    this.#tracer = tracer;
    this.#board = start.board && new SegmentBoard(start.board, start.layout.rowLength);
  }

  /**
   * `onRepair` is told of every thread that had to be replaced, `tracer` of every phase of every
   * thread. Throws THREAD_FAULT.
   */
  static async start(
    start: SharedStart,
    control: Control,
    limits: PoolLimits,
    onRepair: (fault: LockstepError) => void,
    tracer: Tracer | null = null,
  ): Promise<ThreadTeam> {
    const pool = await ThreadPool.start(start, control, limits);
    return new ThreadTeam(pool, control, start, onRepair, tracer);
  }

  /** Grows while the threads get on. */
  get progress(): number {
    let sum = 0;
    for (let t = 0; t < this.#start.threads; t++) sum += this.#word(t, THREAD.progress);
    return sum;
  }

  /**
   * Gradients of a node's micro-batches, reduced to one row. `onSegment`: told of each segment of
   * it, in order, as it becomes final, where rows travel. Throws THREAD_FAULT.
   */
  async gradients(
    task: StepTask,
    onSegment: (segment: StepSegment) => void = () => undefined,
  ): Promise<StepResult> {
    const began = performance.now();
    this.#set({
      [VALUE.step]: task.step,
      [VALUE.epoch]: task.epoch,
      [VALUE.source]: task.order,
      [VALUE.first]: task.first,
      [VALUE.samples]: task.samples,
      [VALUE.microBatches]: task.microBatches,
      [VALUE.tag]: task.tag,
    });
    this.#cut(task.node);
    const sum =
      this.#board === null
        ? await this.#computeAndCombine(task.step)
        : await this.#computeBySegments(task.step, this.#board, onSegment);
    return {
      ...sum,
      row: rowAddress(this.#start.arenaPlan, REDUCED),
      seconds: (performance.now() - began) / 1000,
    };
  }

  /** All threads add up what they hold when all are done. */
  async #computeAndCombine(step: number): Promise<Omit<StepResult, 'row' | 'seconds'>> {
    let busySeconds: readonly number[] = [];
    await this.#phases(step + 1, REPAIRS, async () => {
      const fault = await this.#run('compute', step);
      if (fault !== null) return fault;
      busySeconds = this.#busySeconds();
      return this.#run('combine', step);
    });
    return {
      ...this.#tally(),
      busySeconds,
      digest: this.#sum64(THREAD.digestLow, THREAD.digestHigh),
      nonFinite: firstOf(this.#words(THREAD.nonFinite)),
    };
  }

  /** The threads add up segment by segment while they compute; none is told of twice. */
  async #computeBySegments(
    step: number,
    board: SegmentBoard,
    onSegment: (segment: StepSegment) => void,
  ): Promise<Omit<StepResult, 'row' | 'seconds'>> {
    const told: FinalSegment[] = [];
    const tell = (): void => {
      for (;;) {
        const segment = told.length;
        const final = segment < board.segments ? board.final(segment) : null;
        if (final === null) return;
        told.push(final);
        onSegment({ ...final, segment, tally: this.#tally() });
      }
    };
    await this.#phases(step + 1, REPAIRS, async () => {
      board.clear();
      const phase = { ended: false };
      const fault = this.#run('compute', step).finally(() => (phase.ended = true));
      try {
        while (!phase.ended) {
          const { count } = board;
          tell();
          await Promise.race([board.changed(count, LOOK_AGAIN), fault]);
        }
      } finally {
        // Whatever happens to what is told: no thread is inside the phase any more.
        await fault;
      }
      return fault;
    });
    tell();
    assertInternal(told.length === board.segments, 'The compute threads left segments out.');
    return {
      ...this.#tally(),
      busySeconds: this.#busySeconds(),
      digest: told.reduce((sum, { digest }) => BigInt.asUintN(64, sum + digest), 0n),
      nonFinite: firstOf(told.map(({ nonFinite }) => nonFinite)),
    };
  }

  /** Updates weights, moments and moving statistics from the row of the last `gradients`. */
  async apply(task: UpdateTask, step: number): Promise<void> {
    this.#set({
      [VALUE.samples]: task.samples,
      [VALUE.microBatches]: task.microBatches,
      [VALUE.learningRate]: task.learningRate,
      [VALUE.correction1]: task.correction1,
      [VALUE.correction2]: task.correction2,
      [VALUE.averageRate]: task.averageRate,
    });
    // What an update has begun cannot be begun again: no repair.
    await this.#phases(step + 1, 0, () => this.#run('apply', step));
  }

  /**
   * The micro-batches `pieces` of set `index` in inference mode, each sample once. `applied`: steps
   * that the weights have had. `tag`: see VALUE.tag.
   */
  async evaluate(
    index: number,
    microBatch: number,
    applied: number,
    pieces: Range,
    tag: number,
  ): Promise<PieceSums> {
    await this.#overSet('evaluate', index, microBatch, applied, pieces, tag);
    const { losses, correct } = this.#start.evaluation;
    const { first, end } = pieces;
    return { losses: losses.slice(first, end), correct: correct.slice(first, end) };
  }

  /** float32 [samples, classes] of set `index`: a view that the next call overwrites. */
  async predict(
    index: number,
    microBatch: number,
    applied: number,
    tag: number,
  ): Promise<Float32Array> {
    const samples = this.#start.sets[index]!.count;
    const all = { first: 0, end: microBatchCount(samples, microBatch) };
    await this.#overSet('predict', index, microBatch, applied, all, tag);
    const classes = this.#start.sets[0]!.classes.length;
    return this.#start.evaluation.probabilities.subarray(0, samples * classes);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #overSet(
    phase: 'evaluate' | 'predict',
    index: number,
    microBatch: number,
    applied: number,
    pieces: Range,
    tag: number,
  ): Promise<void> {
    this.#set({
      [VALUE.tag]: tag,
      [VALUE.step]: applied,
      [VALUE.source]: index,
      [VALUE.microBatches]: microBatchCount(this.#start.sets[index]!.count, microBatch),
    });
    this.#cut(pieces);
    await this.#phases(applied, REPAIRS, () => this.#run(phase, applied - 1));
  }

  /** `step`: from 0, the one under way or the last one done. */
  async #run(phase: Phase, step: number): Promise<ThreadFault | null> {
    const fault = await this.#pool.run(phase);
    if (fault === null && this.#tracer !== null) this.#trace(phase, step, this.#tracer);
    return fault;
  }

  #trace(phase: Phase, step: number, tracer: Tracer): void {
    const { threads } = this.#start;
    const { values } = this.#control;
    for (let thread = 0; thread < threads; thread++) {
      const at = timesAt(thread, threads);
      const [begin, end] = [wallMillis(values[at]), wallMillis(values[at + 1])];
      const facts = { step: step + 1 };
      tracer({ track: `thread ${thread}`, name: phase, begin, end, facts });
    }
  }

  /**
   * Runs `body`; after a fault that a fresh thread may mend, mends it and runs it again. `step`, for
   * an error: the one under way, or the last one done, from 1 as in the metrics.
   */
  async #phases(
    step: number,
    repairs: number,
    body: () => Promise<ThreadFault | null>,
  ): Promise<void> {
    for (let repair = 0; ; repair++) {
      const fault = await body();
      if (fault === null) return;
      const mendable = fault.kind === 'death' || fault.kind === 'stall';
      if (!mendable || repair === repairs) throw threadError(fault, { step });
      this.#onRepair(threadError(fault, { step }));
      const again = await this.#pool.repair();
      if (again !== null) throw threadError(again, { step });
    }
  }

  #tally(): StepTally {
    const total = (word: number): number => this.#words(word).reduce((a, b) => a + b, 0);
    return {
      correct: total(THREAD.correct),
      samples: total(THREAD.samples),
      proof: this.#sum64(THREAD.proofLow, THREAD.proofHigh),
    };
  }

  #busySeconds(): readonly number[] {
    return this.#words(THREAD.busyMicroseconds).map((micros) => micros / 1e6);
  }

  #cut(range: Range): void {
    this.#control.values.set(evenCuts(range, this.#start.threads), VALUE.cuts);
  }

  #set(values: Readonly<Record<number, number>>): void {
    for (const [index, value] of Object.entries(values)) {
      this.#control.values[Number(index)] = value;
    }
  }

  #words(word: number): number[] {
    return Array.from({ length: this.#start.threads }, (_, thread) => this.#word(thread, word));
  }

  #word(thread: number, word: number): number {
    return Atomics.load(this.#control.words, threadWord(thread, word));
  }

  /** Sum mod 2^64 of what the threads hold in two words each. */
  #sum64(low: number, high: number): bigint {
    const lows = this.#words(low);
    const highs = this.#words(high);
    return lows.reduce(
      (sum, word, t) =>
        BigInt.asUintN(64, sum + BigInt(word >>> 0) + (BigInt(highs[t]! >>> 0) << 32n)),
      0n,
    );
  }
}

/** The least of the elements that are not finite; −1: there is none. */
function firstOf(elements: readonly number[]): number {
  const bad = elements.filter((element) => element >= 0);
  return bad.length > 0 ? Math.min(...bad) : -1;
}
