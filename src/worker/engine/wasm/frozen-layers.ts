import type { EngineRegions, KeptFeatures, MicroBatch } from '../engine.js';
import type { BoundCall } from './bind.js';
import type { FrozenPlan, StagedBatch } from './plan/plan.js';

/**
 * The frozen layers before all others, in one compute thread: what they compute of a sample is read
 * where it is known, and kept where it is not. It has the same bits either way, since kernels compute
 * each sample by itself, whichever others are in the micro-batch.
 */
export class FrozenLayers {
  readonly #plan: FrozenPlan;
  readonly #buffer: ArrayBufferLike;
  readonly #region: number;
  /** Byte offset, in a region, of the word by which a leader tells its team. */
  readonly #word: number;
  /** Parts of the preparation that are done. */
  readonly #prepared = new Set<string>();

  constructor(plan: FrozenPlan, staged: StagedBatch, { arena, thread }: EngineRegions) {
    this.#plan = plan;
    this.#buffer = arena.buffer;
    this.#region = thread;
    this.#word = staged.known;
  }

  /**
   * The calls that still have to prepare weights: those of frozen ones only once, since they stay
   * what they are as long as the engine is loaded.
   */
  unprepared(calls: readonly BoundCall[], part: number, parts: number): readonly BoundCall[] {
    const share = `${part} of ${parts}`;
    if (this.#prepared.has(share)) return calls.slice(this.#plan.calls.prepare);
    this.#prepared.add(share);
    return calls;
  }

  /** The calls of these layers, and all others. */
  split(
    calls: readonly BoundCall[],
    of: 'forward' | 'inference',
  ): { readonly first: readonly BoundCall[]; readonly rest: readonly BoundCall[] } {
    const count = this.#plan.calls[of];
    return { first: calls.slice(0, count), rest: calls.slice(count) };
  }

  /** Puts what is known of the micro-batch in its place, if it is known of all samples. */
  recall({ kept, samples, size }: MicroBatch, mode: 'training' | 'inferring'): void {
    const isKnown = !!kept && everyKnown(kept, samples, size);
    this.#wordOf(this.#region)[0] = isKnown ? 1 : 0;
    if (!isKnown) return;
    const { sampleBytes } = this.#plan;
    const place = this.#place(mode, size);
    for (let i = 0; i < size; i++) {
      const from = samples[i]! * sampleBytes;
      place.set(kept.values.subarray(from, from + sampleBytes), i * sampleBytes);
    }
  }

  /** Whether the last `recall` did; `region`: of the leader, where it was another thread's. */
  isKnown(region = this.#region): boolean {
    return this.#wordOf(region)[0] === 1;
  }

  /** Keeps what these layers have computed of the micro-batch, for whoever meets its samples again. */
  keep({ kept, samples, size }: MicroBatch, mode: 'training' | 'inferring'): void {
    if (!kept) return;
    const { sampleBytes } = this.#plan;
    const place = this.#place(mode, size);
    for (let i = 0; i < size; i++) {
      const sample = samples[i]!;
      if (kept.known[sample] === 1) continue;
      kept.values.set(place.subarray(i * sampleBytes, (i + 1) * sampleBytes), sample * sampleBytes);
      kept.known[sample] = 1;
    }
  }

  #place(mode: 'training' | 'inferring', size: number): Uint8Array {
    const { sampleBytes, [mode]: offset } = this.#plan;
    return new Uint8Array(this.#buffer, this.#region + offset, size * sampleBytes);
  }

  #wordOf(region: number): Int32Array {
    return new Int32Array(this.#buffer, region + this.#word, 1);
  }
}

function everyKnown({ known }: KeptFeatures, samples: Uint32Array, size: number): boolean {
  for (let i = 0; i < size; i++) if (known[samples[i]!] !== 1) return false;
  return true;
}
