import { StoredImages } from '../../shared/data/stored-images.js';
import { isStored, type SampleSet } from '../../shared/data/stored-set.js';
import { bump, SLOT, SLOT_WORDS, STATE, WORD, type ReadAheadMemory } from './read-ahead-memory.js';

/** A slot that is being filled is waited for; a reader that takes longer is done without. */
const FILLING_MILLISECONDS = 1000;

/** Images of stored sets for one compute thread: from a slot where they were read ahead, or else from the disk. */
export class SampleSource {
  readonly #memory: ReadAheadMemory;
  readonly #images: readonly (StoredImages | null)[];
  readonly #buffer: Uint8Array;

  constructor(sets: readonly SampleSet[], memory: ReadAheadMemory) {
    this.#memory = memory;
    this.#images = sets.map((set) => (isStored(set) ? new StoredImages(set) : null));
    this.#buffer = new Uint8Array(memory.microBatch * memory.imageBytes);
  }

  /**
   * uint8 [samples.length, height, width, channels], overwritten by the next call. `tag`, `index`: what the micro-batch
   * is for, as it was foretold. Throws DATA_FILE_UNREADABLE.
   */
  read(set: number, samples: Uint32Array, tag: number, index: number): Uint8Array {
    const { begun, words, imageBytes } = this.#memory;
    const pixels = this.#buffer.subarray(0, samples.length * imageBytes);
    const isAhead = this.#take(set, samples, pixels);
    // Only then: what has begun, the reader gives up.
    Atomics.store(begun, index, tag);
    if (!isAhead) this.#images[set]!.read(samples, samples.length, pixels, 0);
    Atomics.add(words, isAhead ? WORD.ahead : WORD.late, 1);
    bump(this.#memory);
    return pixels;
  }

  #take(set: number, samples: Uint32Array, to: Uint8Array): boolean {
    const { slots, states, microBatch, imageBytes, pixels } = this.#memory;
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * SLOT_WORDS + SLOT.state;
      if (!this.#mayHold(slot, set, samples)) continue;
      if (Atomics.load(states, at) === STATE.filling) {
        Atomics.wait(states, at, STATE.filling, FILLING_MILLISECONDS);
      }
      if (Atomics.compareExchange(states, at, STATE.ready, STATE.taken) !== STATE.ready) continue;
      const isWanted = this.#holds(slot, set, samples);
      if (isWanted) {
        const from = slot * microBatch * imageBytes;
        to.set(pixels.subarray(from, from + to.length));
      }
      Atomics.store(states, at, isWanted ? STATE.empty : STATE.ready);
      if (isWanted) return true;
    }
    return false;
  }

  /** By a look at a slot that may change at any time. */
  #mayHold(slot: number, set: number, [first]: Uint32Array): boolean {
    const { states, samples, microBatch } = this.#memory;
    const state = Atomics.load(states, slot * SLOT_WORDS + SLOT.state);
    if (state !== STATE.ready && state !== STATE.filling) return false;
    const isSet = states[slot * SLOT_WORDS + SLOT.set] === set;
    return isSet && samples[slot * microBatch] === first;
  }

  /** Of a slot of one's own. */
  #holds(slot: number, set: number, wanted: Uint32Array): boolean {
    const { states, samples, microBatch } = this.#memory;
    if (states[slot * SLOT_WORDS + SLOT.set] !== set) return false;
    if (states[slot * SLOT_WORDS + SLOT.size] !== wanted.length) return false;
    const from = slot * microBatch;
    for (let i = 0; i < wanted.length; i++) if (samples[from + i] !== wanted[i]) return false;
    return true;
  }
}
