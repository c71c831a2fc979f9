import type { EvaluationSum, StepRecord } from '#src/shared/protocol/control.js';
import type { CoordinatorEffect, CoordinatorState } from '#src/coordinator/machine/state.js';
import type { MemberId } from '#src/shared/protocol/names.js';
import type { MemberState } from '#src/worker/machine/state.js';
import { digestOf, type Oracle, type State, type Weights } from './model.js';

type Summary = Extract<CoordinatorEffect, { kind: 'summarize' }>;

/** An invariant was broken: the schedule that did it is in the message. */
export class Violation extends Error {}

/**
 * Watches a run. Everything that any worker ever holds is compared with the undisturbed run, and
 * with whatever had the same name.
 */
export class Checker {
  readonly #named = new Map<string, number>();
  /** Members of each view, by term, coordinator and number. */
  readonly #views = new Map<string, readonly MemberId[]>();

  constructor(
    readonly oracle: Oracle,
    readonly ahead: number,
    /** Where the run ends if nothing ends it early. */
    readonly steps: number,
  ) {}

  /** Same name: same bits. */
  value(name: string, checksum: number): void {
    const before = this.#named.get(name);
    if (before === undefined) this.#named.set(name, checksum);
    else if (before !== checksum) throw new Violation(`two values are named ${name}`);
  }

  /**
   * state' = f(state, G, control), and this is the f of the undisturbed run; `lineage`: of these
   * weights.
   */
  weights(applied: number, _lineage: string, weights: Weights): void {
    if (digestOf(weights) !== this.oracle.states[applied]?.digest) {
      throw new Violation(`wrong weights after ${applied} steps`);
    }
  }

  /** With what decisions hang on. */
  state(applied: number, lineage: string, state: State): void {
    this.weights(applied, lineage, state);
    const expected = JSON.stringify(this.oracle.states[applied]!.standing);
    if (JSON.stringify(state.standing) !== expected) {
      throw new Violation(`wrong standing after ${applied} steps: not ${expected}`);
    }
  }

  /** What a summary tells: where the run ended, of which weights, and what they are worth. */
  summary({ applied, evaluation, best, stoppedEarly }: Summary): void {
    const { end, closing, stops, best: expected } = this.oracle;
    const told = JSON.stringify([applied, evaluation, best, stoppedEarly]);
    const early = stops && end < this.steps;
    if (told !== JSON.stringify([end, closing, expected, early])) {
      throw new Violation(`the summary tells ${told}`);
    }
  }

  /** A coordinator has it written. */
  recorded(record: StepRecord): void {
    this.applied(record);
  }

  /** A member has applied it. */
  applied(record: StepRecord): void {
    const expected = this.oracle.records[record.step];
    if (expected === undefined || fingerprint(expected) !== fingerprint(record)) {
      throw new Violation(`step ${record.step} left ${fingerprint(record)}`);
    }
  }

  evaluation(applied: number, sums: readonly EvaluationSum[]): void {
    if (JSON.stringify(sums) !== JSON.stringify(this.oracle.sums[applied])) {
      throw new Violation(`wrong evaluation after ${applied} steps: ${JSON.stringify(sums)}`);
    }
  }

  /** A checkpoint has the metrics before it: folder, metrics and sums agree. */
  checkpoint(applied: number, metrics: readonly StepRecord[], lost: ReadonlySet<number>): void {
    const written = new Set(metrics.map(({ step }) => step));
    for (let step = 0; step < applied; step++) {
      if (!written.has(step) && !lost.has(step)) {
        throw new Violation(`a checkpoint after ${applied} steps, without metrics of step ${step}`);
      }
    }
  }

  /** A coordinator's view, which its members know only by number. */
  viewed({ term, config, view }: CoordinatorState): void {
    this.#views.set(viewKey(term, config.id, view.number), view.members);
  }

  #othersOf(state: MemberState, alive: readonly MemberState[]): readonly MemberState[] {
    const { orders } = state;
    if (orders === null) return [];
    const members = this.#views.get(viewKey(orders.term, orders.coordinator, orders.view)) ?? [];
    return alive.filter(
      ({ config }) => members.includes(config.id) && config.id !== state.config.id,
    );
  }

  /** Nobody in a view is more than H steps ahead of another, and nobody obeys a lower term. */
  moved(before: MemberState, after: MemberState, alive: readonly MemberState[]): void {
    if (after.term < before.term) {
      throw new Violation(`${after.config.id} went from term ${before.term} to ${after.term}`);
    }
    const applied = after.position?.applied ?? 0;
    if (before.position?.applied === applied || before.position === null) return;
    for (const other of this.#othersOf(after, alive)) {
      const theirs = other.position?.applied ?? applied;
      if (applied - theirs > this.ahead) {
        throw new Violation(
          `${after.config.id} has applied ${applied} steps, ${other.config.id} of its view ${theirs}`,
        );
      }
    }
  }

  /** Nothing is released before everybody in the view has applied it. */
  released(by: MemberState, alive: readonly MemberState[]): void {
    const steps = [...by.kept.keys()];
    const applied = by.position?.applied ?? 0;
    for (const other of this.#othersOf(by, alive)) {
      const theirs = other.position?.applied ?? applied;
      for (let step = theirs; step < applied; step++) {
        if (!steps.includes(step)) {
          throw new Violation(
            `${by.config.id} let go of step ${step}, ${other.config.id} has applied ${theirs}`,
          );
        }
      }
    }
  }
}

const viewKey = (term: number, coordinator: string, view: number): string =>
  `${term} ${coordinator} ${view}`;

function fingerprint({
  step,
  before,
  after,
  control,
  digest,
  lossBits,
  tally,
}: StepRecord): string {
  return JSON.stringify([
    step,
    before,
    after,
    control,
    digest,
    lossBits,
    tally.samples,
    tally.correct,
    tally.hash.toString(),
  ]);
}
