/** The thread that reads images of the coming micro-batches from the disk: at most as many as there are slots. */
import { workerData } from 'node:worker_threads';
import { StoredImages } from '../../shared/data/stored-images.js';
import { isStored, type SampleSet } from '../../shared/data/stored-set.js';
import {
  ENTRY_WORDS,
  entryOf,
  SLOT,
  SLOT_WORDS,
  STATE,
  WORD,
  type ComingBatch,
  type ReadAheadMemory,
} from './read-ahead-memory.js';

export interface ReaderStart {
  readonly memory: ReadAheadMemory;
  readonly sets: readonly SampleSet[];
  /** As in ThreadStart. */
  readonly orders: readonly [Uint32Array, Uint32Array];
}

/** It looks whether there is something to do at least so often. */
const LOOK_MILLISECONDS = 1000;
/** Indices of micro-batches stay below it: 20 bits of samples in batches, and more. */
const INDICES = 1 << 21;

class Reader {
  readonly #memory: ReadAheadMemory;
  readonly #start: ReaderStart;
  readonly #images: readonly (StoredImages | null)[];
  /** What each slot holds. */
  readonly #held: (ComingBatch | null)[];
  #list = -1;
  #wanted: ReadonlySet<number> = new Set();
  /** What is left of the list, by thread, the next of each last. */
  #left: ComingBatch[][] = [];

  constructor(start: ReaderStart) {
    this.#start = start;
    this.#memory = start.memory;
    this.#images = start.sets.map((set) => (isStored(set) ? new StoredImages(set) : null));
    this.#held = Array.from({ length: start.memory.slots }, () => null);
  }

  run(): void {
    const { words } = this.#memory;
    for (;;) {
      const event = Atomics.load(words, WORD.event);
      if (Atomics.load(words, WORD.stop) !== 0) return;
      if (!this.#readOne()) Atomics.wait(words, WORD.event, event, LOOK_MILLISECONDS);
    }
  }

  /** false where all is held that may be. */
  #readOne(): boolean {
    const { words, lists } = this.#memory;
    const number = Atomics.load(words, WORD.list);
    if (number !== this.#list) this.#takeUp(number, lists[(number & 1) as 0 | 1]);
    this.#giveUp();
    const free = this.#held.findIndex((_, slot) => this.#stateOf(slot) === STATE.empty);
    const next = free < 0 ? null : this.#next();
    if (next === null) return false;
    this.#fill(free, next);
    return true;
  }

  #takeUp(number: number, list: Int32Array): void {
    const entries = Math.min(list[0]!, (list.length - 1) / ENTRY_WORDS);
    const batches = Array.from({ length: entries }, (_, i) => entryOf(list, i));
    this.#wanted = new Set(batches.map(nameOf));
    this.#left = [];
    for (const batch of batches.reverse()) (this.#left[batch.thread] ??= []).push(batch);
    this.#list = number;
  }

  /**
   * Of the thread for which the fewest are held: one that is slower than the others, or has been away,
   * would else fill all slots with what it does not take.
   */
  #next(): ComingBatch | null {
    const held = this.#left.map((_, t) => this.#held.filter((each) => each?.thread === t).length);
    const names = new Set(this.#held.map((each) => each && nameOf(each)));
    let chosen: ComingBatch[] | null = null;
    let fewest = Infinity;
    this.#left.forEach((batches, thread) => {
      const isDone = (batch: ComingBatch): boolean =>
        names.has(nameOf(batch)) || this.#hasBegun(batch);
      while (batches.length > 0 && isDone(batches.at(-1)!)) batches.pop();
      if (batches.length === 0 || held[thread]! >= fewest) return;
      chosen = batches;
      fewest = held[thread]!;
    });
    return (chosen as ComingBatch[] | null)?.pop() ?? null;
  }

  /** Empties slots that nobody will take, and notes those that were taken. */
  #giveUp(): void {
    this.#held.forEach((batch, slot) => {
      if (batch === null) return;
      const isWanted = this.#wanted.has(nameOf(batch)) && !this.#hasBegun(batch);
      if (this.#stateOf(slot) === STATE.ready && !isWanted) {
        this.#change(slot, STATE.ready, STATE.empty);
      }
      if (this.#stateOf(slot) === STATE.empty) this.#held[slot] = null;
    });
  }

  #hasBegun({ tag, index }: ComingBatch): boolean {
    return Atomics.load(this.#memory.begun, index) === tag;
  }

  #fill(slot: number, batch: ComingBatch): void {
    const { states, samples, pixels, microBatch, imageBytes } = this.#memory;
    const { set, order, first, size } = batch;
    const images = this.#images[set] ?? null;
    const from = order < 0 ? null : this.#start.orders[order as 0 | 1];
    // A list may be overwritten while it is read: then it says nothing, and the next one is there.
    const fits = size <= microBatch && first + size <= this.#start.sets[set]!.count;
    if (images === null || !fits) return;
    const own = samples.subarray(slot * microBatch, slot * microBatch + size);
    for (let i = 0; i < size; i++) own[i] = from === null ? first + i : from[first + i]!;
    states[slot * SLOT_WORDS + SLOT.set] = set;
    states[slot * SLOT_WORDS + SLOT.size] = size;
    this.#held[slot] = batch;
    this.#change(slot, STATE.empty, STATE.filling);
    let isWhole = false;
    try {
      images.read(own, size, pixels, slot * microBatch * imageBytes);
      isWhole = true;
    } catch {
      // Whoever wants it reads it himself, and says what is wrong.
    }
    this.#change(slot, STATE.filling, isWhole ? STATE.ready : STATE.empty);
    Atomics.notify(states, slot * SLOT_WORDS + SLOT.state);
  }

  #stateOf(slot: number): number {
    return Atomics.load(this.#memory.states, slot * SLOT_WORDS + SLOT.state);
  }

  #change(slot: number, from: number, to: number): void {
    Atomics.compareExchange(this.#memory.states, slot * SLOT_WORDS + SLOT.state, from, to);
  }
}

const nameOf = ({ tag, index }: ComingBatch): number => tag * INDICES + index;

const { memory, sets, orders } = workerData as ReaderStart;
new Reader({ memory, sets, orders }).run();
