import { instantiateKernels, type Kernels } from '../engine/wasm/module.js';
import type { ComputeEngine, EngineModule, KeptFeatures, MicroBatch } from '../engine/engine.js';
import { Augmenter } from '../../shared/augmentation/augmenter.js';
import type { ImageSet } from '../../shared/data/image-set.js';
import { pixelsOf } from '../../shared/data/image-shape.js';
import { THREAD, threadWord, type Control } from './control.js';
import { SegmentBoard } from './segment-board.js';
import type { ThreadHook, ThreadStart } from './thread-start.js';

/** What a compute thread has at hand in every phase. */
export interface ThreadState {
  readonly start: ThreadStart;
  readonly control: Control;
  readonly kernels: Kernels;
  readonly engine: ComputeEngine;
  readonly hook: ThreadHook | null;
  readonly staging: Staging;
  /** Where the thread tells which segments of its row are final; null: rows do not travel. */
  readonly board: SegmentBoard | null;
  /** Sets one of the thread's own control words. */
  say(word: number, value: number): void;
  /** Counts a piece of work done: the thread is alive. */
  progress(): void;
  /** Milliseconds of the phase at hand in which the thread has waited for its team. */
  waited: number;
}

/** Runs one phase; false where it was given up because another thread failed. */
export type PhaseBody = (thread: ThreadState, sequence: number) => boolean | Promise<boolean>;

export async function openThread(start: ThreadStart, control: Control): Promise<ThreadState> {
  const { thread, arena, arenaPlan } = start;
  const module = (await import(start.engineModule)) as EngineModule;
  const engine = await module.load(start.program, {
    arena,
    weights: arenaPlan.weights,
    shared: arenaPlan.engineShared,
    thread: arenaPlan.threads[thread]!.engine,
    index: thread,
  });
  return {
    start,
    control,
    kernels: instantiateKernels(start.kernels, arena),
    engine,
    hook: start.hook === null ? null : ((await import(start.hook)) as ThreadHook),
    staging: new Staging(start),
    board: start.board && new SegmentBoard(start.board, start.layout.rowLength),
    say: (word, value) => {
      Atomics.store(control.words, threadWord(thread, word), value);
    },
    progress: () => {
      Atomics.add(control.words, threadWord(thread, THREAD.progress), 1);
    },
    waited: 0,
  };
}

/** Gathers the samples of a micro-batch from the shared set into arrays of the thread's own. */
export class Staging {
  readonly #pixels: Uint8Array;
  readonly #labels: Uint16Array;
  readonly #samples: Uint32Array;
  readonly #augmenter: Augmenter | null;
  readonly #kept: ReadonlyMap<ImageSet, KeptFeatures | null>;

  constructor({ sets, kept, microBatch, augmentation, seed }: ThreadStart) {
    this.#kept = new Map(sets.map((set, i) => [set, kept[i] ?? null]));
    this.#pixels = new Uint8Array(microBatch * pixelsOf(sets[0]!.shape));
    this.#labels = new Uint16Array(microBatch);
    this.#samples = new Uint32Array(microBatch);
    this.#augmenter = augmentation && new Augmenter(augmentation, sets[0]!.shape, seed);
  }

  /**
   * `order[first … first + size)`: indices into `set`. In training, `epoch` decides how samples are
   * changed; null: they stay as they are.
   */
  gather(
    set: ImageSet,
    order: Uint32Array | null,
    first: number,
    size: number,
    place: { readonly step: number; readonly index: number; readonly count: number },
    epoch: number | null,
  ): MicroBatch {
    const bytes = pixelsOf(set.shape);
    for (let i = 0; i < size; i++) {
      const sample = order === null ? first + i : order[first + i]!;
      this.#samples[i] = sample;
      this.#labels[i] = set.labels[sample]!;
      if (this.#augmenter !== null && epoch !== null) {
        this.#augmenter.write(set.pixels, sample, epoch, this.#pixels, i * bytes);
      } else {
        this.#pixels.set(set.pixels.subarray(sample * bytes, (sample + 1) * bytes), i * bytes);
      }
    }
    return {
      ...place,
      size,
      kept: this.#kept.get(set) ?? null,
      pixels: this.#pixels.subarray(0, size * bytes),
      labels: this.#labels.subarray(0, size),
      samples: this.#samples.subarray(0, size),
    };
  }
}
