import type { Augmentation } from '../shared/augmentation/augmentation.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { EpochOrders } from '../shared/data/epoch-orders.js';
import type { SampleSet } from '../shared/data/stored-set.js';
import { LockstepError } from '../shared/errors.js';
import { microBatchCount, type Range } from '../shared/numerics/micro-batches.js';
import {
  biasCorrections,
  momentNames,
  needsNorms,
  type BiasCorrection,
  type OptimizerSettings,
} from '../shared/numerics/optimizer-settings.js';
import { rootOf, type TreeNode } from '../shared/numerics/reduction-tree.js';
import type { RowLayout } from '../shared/numerics/row-layout.js';
import { averageRate, type WeightAverage } from '../shared/numerics/weight-average.js';
import type { Tracer } from '../shared/trace/span.js';
import type { BuiltProgram, KeptFeatures } from './engine/engine.js';
import { loadKernels } from './engine/wasm/module.js';
import { allocateKept } from './kept-features.js';
import { tagOf, type StepSamples } from './samples/coming-batches.js';
import { ReadAhead, type ReadAheadReport } from './samples/read-ahead.js';
import { allocateArena, planArena, rowAddress, type ArenaPlan } from './threads/arena.js';
import { allocateBoard } from './threads/segment-board.js';
import { squareSumWords } from './threads/blocks.js';
import { allocateControl, openControl } from './threads/control.js';
import type { PoolLimits } from './threads/pool.js';
import { REDUCED, rowSlots } from './threads/row-schedule.js';
import {
  ThreadTeam,
  type PieceSums,
  type StepResult,
  type StepSegment,
} from './threads/thread-team.js';

export interface TrainerSetup {
  readonly program: BuiltProgram;
  /** URL of the engine's EngineModule. */
  readonly engineModule: string;
  readonly layout: RowLayout;
  readonly optimizer: OptimizerSettings;
  /** The moving average of the weights that is kept, evaluated and saved; null: none. */
  readonly average: WeightAverage | null;
  /** Whether a copy of the best weights is kept. */
  readonly keepsBest: boolean;
  /** Set 0 is trained on. */
  readonly sets: readonly SampleSet[];
  /** The most bytes of images in memory, where sets are stored. */
  readonly dataMemory?: number | null;
  /** How samples of set 0 are changed in training; null: not at all. */
  readonly augmentation: Augmentation | null;
  /** Bytes for what frozen layers compute of the sets' samples; left out: it is not kept. */
  readonly keepBytes?: number;
  readonly seed: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly threads: number;
  readonly fastMath: boolean;
  /**
   * In how many segments rows travel: parts of steps will be asked for, too. null: only whole
   * steps, whose rows stay here.
   */
  readonly segments: number | null;
  readonly limits: PoolLimits;
  /** Whether `predict` will be asked for: it needs room for its results. */
  readonly predicts: boolean;
  readonly onRepair: (fault: LockstepError) => void;
  /** Told what costs time and no bits. */
  readonly onNotice?: (text: string) => void;
  /** URL of a ThreadHook, or null. */
  readonly hook: string | null;
  /** Told of every phase of every compute thread; left out: nobody. */
  readonly tracer?: Tracer | null;
}

/**
 * Weights (as `weights`, their average as `averagedWeights`, the best as `bestWeights`) and
 * optimizer state, as little-endian float32 bytes, by name.
 */
export type TrainerState = ReadonlyMap<string, Uint8Array>;

/** Vectors of a state that are all like the initial weights when a run begins. */
export const WEIGHT_VECTORS = ['weights', 'averagedWeights', 'bestWeights'] as const;

const named = (name: string, vector: Float32Array | null): [string, Float32Array][] =>
  vector === null ? [] : [[name, vector]];

/** Enough for every kernel to meet more than one sample. */
const PROBE_SAMPLES = 4;

/** A step's reduced row, with what is read off it. */
export interface TrainerStep extends StepResult {
  readonly lossSum: number;
  /** What holds the first element that is not finite, for people; null: all are finite. */
  readonly culprit: string | null;
}

/** One copy of a model in training: its memory, and the threads that compute on it. */
export class Trainer {
  readonly arenaPlan: ArenaPlan;
  /** For each set, what frozen layers compute of its samples, as far as it is known; null: not kept. */
  readonly kept: readonly (KeptFeatures | null)[];
  readonly #setup: TrainerSetup;
  readonly #arena: WebAssembly.Memory;
  readonly #team: ThreadTeam;
  readonly #orders: EpochOrders;
  readonly #readAhead: ReadAhead | null;
  readonly #corrections: readonly BiasCorrection[];
  /** float32 [layout.weightsLength]: a copy of the best; null where none is kept. */
  readonly #best: Float32Array | null;

  private constructor(
    setup: TrainerSetup,
    arenaPlan: ArenaPlan,
    arena: WebAssembly.Memory,
    team: ThreadTeam,
    orders: EpochOrders,
    kept: readonly (KeptFeatures | null)[],
    readAhead: ReadAhead | null,
  ) {
    this.kept = kept;
    this.#setup = setup;
    this.#readAhead = readAhead;
    this.arenaPlan = arenaPlan;
    this.#arena = arena;
    this.#team = team;
    this.#orders = orders;
    this.#corrections = biasCorrections(setup.optimizer);
    this.#best = setup.keepsBest ? new Float32Array(setup.layout.weightsLength) : null;
  }

  /**
   * Lays the memory out and starts the threads. Weights and moments are zeros until `restore`.
   * Throws ARENA_TOO_LARGE, ARENA_UNAVAILABLE, THREAD_FAULT; CONFIG_INVALID where `dataMemory` is too small.
   */
  static async open(setup: TrainerSetup): Promise<Trainer> {
    const { threads, microBatch } = setup;
    const arenaPlan = planTrainerArena(setup);
    const arena = allocateArena(arenaPlan);
    const control = allocateControl(threads);
    const orders = new EpochOrders(setup.seed, setup.sets[0]!.count);
    const kernels = await loadKernels(setup.fastMath ? 'relaxed' : 'plain');
    const largest = Math.max(...setup.sets.map((set) => set.count));
    const pieces = microBatchCount(largest, microBatch);
    const classes = setup.sets[0]!.classes.length;
    const { program, sets, augmentation, keepBytes = 0 } = setup;
    const notice = setup.onNotice ?? (() => undefined);
    const kept = allocateKept(program, sets, keepBytes, augmentation !== null, notice);
    const readAhead = ReadAhead.for({
      ...{ sets: setup.sets, threads, microBatch, batchSize: setup.batchSize },
      memoryBytes: setup.dataMemory ?? Infinity,
      orders: orders.buffers,
      notice,
    });
    const team = await ThreadTeam.start(
      {
        threads,
        control,
        board: setup.segments === null ? null : allocateBoard(setup.segments),
        arena,
        arenaPlan,
        layout: setup.layout,
        optimizer: setup.optimizer,
        program: setup.program,
        engineModule: setup.engineModule,
        kernels: kernels.module,
        sets: setup.sets,
        kept,
        readAhead: readAhead?.memory ?? null,
        augmentation: setup.augmentation,
        seed: setup.seed,
        orders: orders.buffers,
        microBatch,
        evaluation: {
          losses: new Float32Array(new SharedArrayBuffer(pieces * 4)),
          correct: new Int32Array(new SharedArrayBuffer(pieces * 4)),
          probabilities: new Float32Array(
            new SharedArrayBuffer(setup.predicts ? largest * classes * 4 : 0),
          ),
        },
        fusesMultiplyAdd: setup.fastMath,
        hook: setup.hook,
      },
      openControl(control, threads),
      setup.limits,
      setup.onRepair,
      setup.tracer,
    ).catch(async (error: unknown) => {
      await readAhead?.close();
      throw error;
    });
    return new Trainer(setup, arenaPlan, arena, team, orders, kept, readAhead);
  }

  /** Grows while the threads get on. */
  get progress(): number {
    return this.#team.progress;
  }

  /** How images were read from the disk; null where all are in memory. */
  get readAhead(): ReadAheadReport | null {
    return this.#readAhead?.report ?? null;
  }

  /** float32 [layout.weightsLength]: a view of the weights as they stand. */
  get weights(): Float32Array {
    return this.#weightsAt(this.arenaPlan.weights);
  }

  /** As `weights`: their average, where one is kept. It is what counts, and not the weights. */
  get #averaged(): Float32Array | null {
    const { average } = this.arenaPlan;
    return average === 0 ? null : this.#weightsAt(average);
  }

  #weightsAt(address: number): Float32Array {
    return new Float32Array(this.#arena.buffer, address, this.#setup.layout.weightsLength);
  }

  /**
   * Gradients at the present weights, reduced over the micro-batches of a node of the step's tree;
   * of the whole step by default. `onSegment`: told of each segment as it becomes final, in order.
   */
  async gradients(
    step: number,
    node?: TreeNode,
    onSegment?: (segment: StepSegment) => void,
  ): Promise<TrainerStep> {
    const { epoch, ...samples } = this.#samplesOf(step);
    const asked = node ?? rootOf(samples.microBatches);
    const task = { ...samples, epoch, node: asked, tag: tagOf(step) };
    const pending = this.#team.gradients(task, onSegment);
    // While the threads compute: the next epoch's order, so that no step waits for it.
    this.#orders.place(epoch + 1);
    this.#readAhead?.asked(samples, asked, this.#samplesOf(step + 1));
    const result = await pending;
    return {
      ...result,
      lossSum: this.rowAt(result.row)[this.#setup.layout.lossOffset]!,
      culprit: result.nonFinite < 0 ? null : this.elementName(result.nonFinite),
    };
  }

  /** Which samples a step takes; their epoch's order is in its place then. */
  #samplesOf(step: number): StepSamples & { readonly epoch: number } {
    const { batchSize, microBatch, sets } = this.#setup;
    const { count } = sets[0]!;
    const perEpoch = stepsPerEpoch(count, batchSize);
    const epoch = Math.floor(step / perEpoch);
    const first = (step % perEpoch) * batchSize;
    const samples = Math.min(batchSize, count - first);
    const order = this.#orders.place(epoch);
    return {
      step,
      epoch,
      order,
      first,
      samples,
      microBatches: microBatchCount(samples, microBatch),
    };
  }

  /** float32 [layout.rowLength]: the row at an address that `gradients` gave, overwritten by the next. */
  rowAt(address: number): Float32Array {
    return new Float32Array(this.#arena.buffer, address, this.#setup.layout.rowLength);
  }

  /** float32 [layout.rowLength]: where `apply` reads the step's reduced row. */
  get reducedRow(): Float32Array {
    return this.rowAt(rowAddress(this.arenaPlan, REDUCED));
  }

  /**
   * Digest of one small row at the present weights, as 16 hex digits: machines that compute it
   * alike compute the run alike. Overwrites the rows of the last `gradients`.
   */
  async probe(): Promise<string> {
    const samples = Math.min(PROBE_SAMPLES, this.#setup.microBatch, this.#setup.sets[0]!.count);
    const order = this.#orders.place(0);
    const node = rootOf(1);
    const task = { step: 0, epoch: 0, order, first: 0, samples, microBatches: 1, node, tag: tagOf(0) }; // prettier-ignore
    const { digest } = await this.#team.gradients(task);
    return digest.toString(16).padStart(16, '0');
  }

  /**
   * The optimizer's step `step` (from 0) with `reducedRow`. `isBest`: the weights before it are the
   * best so far.
   */
  async apply(step: number, samples: number, learningRate: number, isBest = false): Promise<void> {
    if (isBest) this.#best?.set(this.#averaged ?? this.weights);
    const { average } = this.#setup;
    const [correction1 = 1, correction2 = 1] = this.#corrections.map((c) => c.after(step + 1));
    const microBatches = microBatchCount(samples, this.#setup.microBatch);
    const task = { samples, microBatches, learningRate, correction1, correction2 };
    const rate = average === null ? 0 : averageRate(average, step + 1);
    await this.#team.apply({ ...task, averageRate: rate }, step);
  }

  /**
   * Sums over each of these micro-batches of a set in inference mode; all of the set's by default.
   * `applied`: the steps behind the present weights, for errors. `of`: the present weights, or their
   * average where one is kept; or the best ones.
   */
  evaluate(
    set: number,
    applied: number,
    pieces?: Range,
    of: 'last' | 'best' = 'last',
  ): Promise<PieceSums> {
    const { microBatch, sets } = this.#setup;
    const range = pieces ?? rootOf(microBatchCount(sets[set]!.count, microBatch));
    const tag = this.#readAhead?.evaluated(set, range) ?? 0;
    return this.#with(of === 'best' ? this.#best : this.#averaged, () =>
      this.#team.evaluate(set, microBatch, applied, range, tag),
    );
  }

  /** With other weights in the place of the present ones, which are there again afterwards. */
  async #with<Result>(others: Float32Array | null, body: () => Promise<Result>): Promise<Result> {
    if (others === null) return body();
    const present = this.weights.slice();
    this.weights.set(others);
    try {
      return await body();
    } finally {
      this.weights.set(present);
    }
  }

  /** Class probabilities, float32 [samples, classes]: overwritten by the next call. */
  predict(set: number, applied: number): Promise<Float32Array> {
    const { sets, microBatch } = this.#setup;
    const all = rootOf(microBatchCount(sets[set]!.count, microBatch));
    const tag = this.#readAhead?.evaluated(set, all) ?? 0;
    return this.#team.predict(set, microBatch, applied, tag);
  }

  /** A copy of all that is kept from step to step. */
  capture(): TrainerState {
    return new Map(
      this.#vectors().map(([name, vector]) => [name, new Uint8Array(vector.slice().buffer)]),
    );
  }

  /** Starts from these weights, float32 [layout.weightsLength], with all moments zero. */
  begin(weights: Float32Array): void {
    const copies: readonly string[] = WEIGHT_VECTORS;
    for (const [name, vector] of this.#vectors()) {
      if (copies.includes(name)) vector.set(weights);
      else vector.fill(0);
    }
  }

  /** Makes a captured state the present one. Throws TRAINER_STATE_MISMATCH, changing nothing. */
  restore(state: TrainerState): void {
    const vectors = this.#vectors();
    for (const [name, vector] of vectors) {
      const got = state.get(name)?.byteLength ?? 0;
      if (got === vector.byteLength) continue;
      throw new LockstepError(
        'TRAINER_STATE_MISMATCH',
        `The state holds ${String(got)} bytes of ${name}; the run needs ${String(vector.byteLength)}.`,
        { hint: 'Resume with the model and optimizer that the run began with.' },
      );
    }
    for (const [name, vector] of vectors) {
      new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength).set(state.get(name)!);
    }
  }

  /** What an element of a row belongs to, for people. */
  elementName(element: number): string {
    const { layout } = this.#setup;
    if (element >= layout.lossOffset) return 'the loss';
    const kind = element < layout.trainableLength ? 'the gradient of' : 'a statistic of';
    const slots = [...layout.trainable, ...layout.moving];
    const slot = slots.find(({ offset, length }) => element < offset + length)!;
    return `${kind} ${slot.label}, element ${String(element - slot.offset)}`;
  }

  async close(): Promise<void> {
    await this.#team.close();
    await this.#readAhead?.close();
  }

  #vectors(): (readonly [string, Float32Array])[] {
    const { layout, optimizer } = this.#setup;
    const names = momentNames(optimizer);
    const moments = this.arenaPlan.moments.map(
      (address, i) =>
        [names[i]!, new Float32Array(this.#arena.buffer, address, layout.trainableLength)] as const,
    );
    const [weights, averaged, best] = WEIGHT_VECTORS;
    return [
      [weights, this.weights],
      ...moments,
      ...named(averaged, this.#averaged),
      ...named(best, this.#best),
    ];
  }
}

/** The arena that `Trainer.open` would ask for. Throws ARENA_TOO_LARGE with the sum. */
export function planTrainerArena(
  setup: Pick<
    TrainerSetup,
    | 'program'
    | 'layout'
    | 'optimizer'
    | 'average'
    | 'sets'
    | 'batchSize'
    | 'microBatch'
    | 'threads'
    | 'segments'
  >,
): ArenaPlan {
  const { program, layout, optimizer, threads, batchSize, microBatch } = setup;
  const samples = setup.sets[0]!.count;
  const stepSizes = [Math.min(batchSize, samples), samples % batchSize].filter((n) => n > 0);
  return planArena({
    layout,
    average: setup.average !== null,
    moments: momentNames(optimizer).length,
    squareSums: needsNorms(optimizer) ? squareSumWords(layout) : 0,
    threads,
    rowsPerThread: rowSlots(
      stepSizes.map((n) => microBatchCount(n, microBatch)),
      threads,
      setup.segments !== null,
    ),
    engineSharedBytes: program.memory.sharedBytes,
    engineThreadBytes: program.memory.threadBytes,
  });
}
