import type { StepRecord } from '#src/shared/protocol/control.js';
import { Checker, Violation } from './checker.js';
import { digestOf, type State, type Weights } from './model.js';

/**
 * Watches a run whose rows are rounded, each time otherwise: nobody can foretell its bits. Yet all
 * who went the same way must be at the same place, and what is written must be one way.
 */
export class RoundedChecker extends Checker {
  readonly #states = new Map<string, string>();

  override weights(applied: number, lineage: string, weights: Weights): void {
    this.#same(`${applied} ${lineage}`, digestOf(weights));
  }

  override state(applied: number, lineage: string, state: State): void {
    this.weights(applied, lineage, state);
  }

  override summary({ applied }: Parameters<Checker['summary']>[0]): void {
    if (applied !== this.steps) throw new Violation(`the summary is of ${applied} steps`);
  }

  /** Where it leads is decided by where it came from and by its gradient. */
  override applied({ step, before, after, digest }: StepRecord): void {
    this.#same(`${step} ${before} ${digest}`, after);
  }

  override recorded(record: StepRecord): void {
    this.applied(record);
  }

  override evaluation(): void {
    // Of weights that nobody can foretell.
  }

  #same(name: string, value: string): void {
    const before = this.#states.get(name) ?? value;
    if (before !== value) throw new Violation(`${name} led to ${before}, and to ${value}`);
    this.#states.set(name, value);
  }
}
