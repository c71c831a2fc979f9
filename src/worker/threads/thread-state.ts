import { instantiateKernels, type Kernels } from '../engine/wasm/module.js';
import type { ComputeEngine, EngineModule, KeptFeatures, MicroBatch } from '../engine/engine.js';
import { Augmenter } from '../../shared/augmentation/augmenter.js';
import { isStored, type SampleSet } from '../../shared/data/stored-set.js';
import { pixelsOf } from '../../shared/data/image-shape.js';
import type { SampleSource } from '../samples/sample-source.js';
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
    staging: new Staging(start, await sourceOf(start)),
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

/** Its module reads files, which is loaded only where there are some: browsers compute too. */
async function sourceOf({ sets, readAhead }: ThreadStart): Promise<SampleSource | null> {
  if (!readAhead) return null;
  const { SampleSource } = await import('../samples/sample-source.js');
  return new SampleSource(sets, readAhead);
}

/** Where a micro-batch stands. `tag`: what it is for, as it was foretold to who reads ahead. */
export interface BatchPlace {
  readonly step: number;
  readonly index: number;
  readonly count: number;
  readonly tag: number;
}

/** Gathers the samples of a micro-batch from its set into arrays of the thread's own. */
export class Staging {
  readonly #sets: readonly SampleSet[];
  readonly #pixels: Uint8Array;
  readonly #labels: Uint16Array;
  readonly #samples: Uint32Array;
  readonly #augmenter: Augmenter | null;
  readonly #kept: readonly (KeptFeatures | null)[];
  /** Of sets that are not in memory. */
  readonly #source: SampleSource | null;

  constructor(
    { sets, kept, microBatch, augmentation, seed }: ThreadStart,
    source: SampleSource | null,
  ) {
    this.#sets = sets;
    this.#kept = kept;
    this.#pixels = new Uint8Array(microBatch * pixelsOf(sets[0]!.shape));
    this.#labels = new Uint16Array(microBatch);
    this.#samples = new Uint32Array(microBatch);
    this.#augmenter = augmentation && new Augmenter(augmentation, sets[0]!.shape, seed);
    this.#source = source;
  }

  /**
   * `order[first … first + size)`: indices into set `index`. In training, `epoch` decides how samples are
   * changed; null: they stay as they are.
   */
  gather(
    index: number,
    order: Uint32Array | null,
    first: number,
    size: number,
    { tag, ...place }: BatchPlace,
    epoch: number | null,
  ): MicroBatch {
    const set = this.#sets[index]!;
    const bytes = pixelsOf(set.shape);
    const samples = this.#samples.subarray(0, size);
    for (let i = 0; i < size; i++) {
      const sample = order === null ? first + i : order[first + i]!;
      samples[i] = sample;
      this.#labels[i] = set.labels[sample]!;
    }
    const stored = isStored(set) ? this.#source!.read(index, samples, tag, place.index) : null;
    const from = isStored(set) ? stored! : set.pixels;
    for (let i = 0; i < size; i++) {
      const at = (stored === null ? samples[i]! : i) * bytes;
      if (this.#augmenter !== null && epoch !== null) {
        this.#augmenter.write(from, at, samples[i]!, epoch, this.#pixels, i * bytes);
      } else {
        this.#pixels.set(from.subarray(at, at + bytes), i * bytes);
      }
    }
    return {
      ...place,
      size,
      kept: this.#kept[index] ?? null,
      pixels: this.#pixels.subarray(0, size * bytes),
      labels: this.#labels.subarray(0, size),
      samples,
    };
  }
}
