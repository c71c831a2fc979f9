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
  /** The name of what each slot holds. */
  readonly #held: (number | null)[];
  #list = -1;
  #wanted: ReadonlySet<number> = new Set();
  /** Entries of the list before this one are held, begun or given up. */
  #cursor = 0;

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
    const list = lists[(number & 1) as 0 | 1];
    const entries = Math.min(list[0]!, (list.length - 1) / ENTRY_WORDS);
    if (number !== this.#list) this.#takeUp(number, list, entries);
    this.#giveUp();
    const free = this.#held.findIndex((_, slot) => this.#stateOf(slot) === STATE.empty);
    if (free < 0) return false;
    while (this.#cursor < entries) {
      const batch = entryOf(list, this.#cursor++);
      if (this.#hasBegun(nameOf(batch)) || this.#held.includes(nameOf(batch))) continue;
      this.#fill(free, batch);
      return true;
    }
    return false;
  }

  #takeUp(number: number, list: Int32Array, entries: number): void {
    const names = Array.from({ length: entries }, (_, i) => nameOf(entryOf(list, i)));
    this.#wanted = new Set(names);
    this.#list = number;
    this.#cursor = 0;
  }

  /** Empties slots that nobody will take, and notes those that were taken. */
  #giveUp(): void {
    this.#held.forEach((name, slot) => {
      if (name === null) return;
      const state = this.#stateOf(slot);
      if (state === STATE.ready && (this.#hasBegun(name) || !this.#wanted.has(name))) {
        this.#change(slot, STATE.ready, STATE.empty);
      }
      if (this.#stateOf(slot) === STATE.empty) this.#held[slot] = null;
    });
  }

  /** A batch that is being taken has begun as well; that is seen when its slot is empty. */
  #hasBegun(name: number): boolean {
    const index = name & (INDICES - 1);
    return Atomics.load(this.#memory.begun, index) === Math.floor(name / INDICES);
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
    this.#held[slot] = nameOf(batch);
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
