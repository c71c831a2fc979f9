import type { Lineage } from '../shared/protocol/names.js';
import { stateDigest } from '../shared/protocol/state-digest.js';
import type { TrainerState } from './trainer.js';

export interface Captured {
  readonly applied: number;
  readonly lineage: Lineage;
  readonly state: TrainerState;
  /** SHA-256, hex, over names and bytes. */
  readonly digest: string;
}

/** States that the worker has put aside: for a checkpoint, or for a worker that joins. */
export class Captures {
  readonly #byStep = new Map<number, Captured>();

  put(applied: number, lineage: Lineage, state: TrainerState): Captured {
    const captured = { applied, lineage, state, digest: stateDigest(state) };
    this.#byStep.set(applied, captured);
    return captured;
  }

  /** Undefined where it was never taken, or is discarded. */
  get(applied: number): Captured | undefined {
    return this.#byStep.get(applied);
  }

  discard(applied: number): void {
    this.#byStep.delete(applied);
  }
}
