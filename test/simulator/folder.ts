import type { StepRecord } from '#src/shared/protocol/control.js';
import type { Folder } from '#src/coordinator/machine/state.js';
import type { State } from './model.js';

export interface StoredState {
  readonly applied: number;
  readonly lineage: string;
  readonly state: State;
}

/** What lies synced in the run folder: what a crash leaves. */
export interface Synced {
  readonly term: number;
  readonly metrics: readonly StepRecord[];
  readonly checkpoints: readonly StoredState[];
  readonly summary: {
    readonly digest: string;
    readonly applied: number;
    readonly complete: boolean;
  } | null;
}

/** A run folder with its past, so that an old copy of it can be put back. */
export class SimulatedFolder {
  #past: { readonly at: number; readonly synced: Synced }[];

  constructor(initial: StoredState) {
    const synced: Synced = { term: 0, metrics: [], checkpoints: [initial], summary: null };
    this.#past = [{ at: -1, synced }];
  }

  get synced(): Synced {
    return this.#past[this.#past.length - 1]!.synced;
  }

  write(at: number, changes: Partial<Synced>): void {
    this.#past.push({ at, synced: { ...this.synced, ...changes } });
  }

  /** Puts back what was there at that time. */
  restore(at: number): void {
    const kept = this.#past.filter((entry) => entry.at <= at);
    this.#past = kept.length > 0 ? kept : this.#past.slice(0, 1);
  }

  /** Another folder with the same content. */
  copy(): SimulatedFolder {
    const copy = new SimulatedFolder(this.synced.checkpoints[0]!);
    copy.#past = [...this.#past];
    return copy;
  }

  get newest(): StoredState {
    const { checkpoints } = this.synced;
    return checkpoints[checkpoints.length - 1]!;
  }

  /** As the coordinator's machine is told. */
  asConfig(): Folder {
    const { term, metrics } = this.synced;
    const { applied, lineage } = this.newest;
    const lineages = new Map<number, string>();
    for (const { step, before, after } of metrics) {
      lineages.set(step, before);
      lineages.set(step + 1, after);
    }
    return {
      term,
      checkpoint: { applied, lineage },
      metrics: { upTo: upTo(metrics), lineages },
    };
  }
}

/** The step after the last line. */
export function upTo(metrics: readonly StepRecord[]): number {
  return (metrics[metrics.length - 1]?.step ?? -1) + 1;
}
