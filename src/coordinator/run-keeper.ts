import { setTimeout as after } from 'node:timers/promises';
import { standingIn, type BestMark, type Standing } from '../shared/controls/standing.js';
import { assertInternal, LockstepError } from '../shared/errors.js';
import { floatOfBits } from '../shared/numerics/float-bits.js';
import {
  meansOf,
  type EvaluationSum,
  type StepRecord as StepFacts,
} from '../shared/protocol/control.js';
import type { Decisions } from '../shared/controls/training-controls.js';
import type { NamedBytes } from '../shared/protocol/state-bytes.js';
import { wallMillis, type Tracer } from '../shared/trace/span.js';
import { TEST_SET, VALIDATION_SET } from '../shared/protocol/evaluated-sets.js';
import type { EpochRecord, RunObserver, StepRecord } from '../shared/run-events.js';
import type { Keeper } from './coordinator.js';
import type { CoordinatorEffect, Decided } from './machine/state.js';
import { EpochSums, type EpochEnd } from './epoch-sums.js';
import type { MetricsLog } from './run-folder/metrics-log.js';
import type { RunFolder } from './run-folder/run-folder.js';
import type { RunIdentity } from './run-identity.js';

type EffectOf<Kind extends CoordinatorEffect['kind']> = Extract<CoordinatorEffect, { kind: Kind }>;

/** Where a step's time went, in seconds; see StepRecord of run-events.ts. */
export interface StepTimes {
  readonly stepSeconds: number;
  readonly computeSeconds: number;
  readonly updateSeconds: number;
}

/** A state that a worker has put aside. */
export interface CapturedState {
  readonly digest: string;
  readonly state: NamedBytes;
}

export interface StoredState {
  readonly applied: number;
  readonly captured: CapturedState;
}

/** A state as its worker holds it. */
export interface LastState extends CapturedState {
  readonly applied: number;
  readonly lineage: string;
}

export interface RunKeeperOptions {
  readonly folder: RunFolder;
  readonly metrics: MetricsLog;
  readonly observer: RunObserver;
  readonly identity: RunIdentity;
  readonly stepsPerEpoch: number;
  /** Steps of the epoch at hand that are in the metrics already. */
  readonly done: readonly StepRecord[];
  /** The checkpoint that the run goes on from; it may be the last one, and only be summed up. */
  readonly stored: StoredState | null;
  /** Of a step from 0; asked once for each, resolves when the step is applied. */
  readonly times: (step: number) => Promise<StepTimes>;
  /** Where the worker is in this process: the state that it has put aside. */
  readonly captured: ((applied: number) => CapturedState | undefined) | null;
  /** Told how long checkpoints take; null: nobody. */
  readonly tracer: Tracer | null;
  /** How decisions go on, and where they stand in the state that the run goes on from; or null. */
  readonly controls: Decisions | null;
  readonly standing: Standing | null;
  /** What people should know of decisions, a line each. */
  readonly tellDecisions: (decided: Decided) => readonly string[];
  /** Takes what model and summary are made of. */
  readonly conclude: (effect: EffectOf<'summarize'>, state: CapturedState) => Promise<void>;
}

/** Steps may follow each other in milliseconds: their lines go to the disk together. */
const SYNC_MILLISECONDS = 20;

/** Keeps a run: metrics, checkpoints and the end, in its folder. */
export class RunKeeper implements Keeper {
  readonly #options: RunKeeperOptions;
  readonly #sums: EpochSums;
  /** The epoch that has ended and waits for its evaluation. */
  #ended: EpochEnd | null = null;
  #endedAt = 0;
  #evaluationSeconds = 0;
  /** The checkpoint last written, whose weights may become the model. */
  #stored: StoredState | null;
  /** Steps whose lines are in the metrics, and those after which the last evaluation was. */
  #recorded: number;
  #evaluated = -1;
  /** After the steps recorded, before the evaluation of that state. */
  #standing: Standing | null;
  #syncSoon: Promise<void> | null = null;
  #queue: Promise<void> = Promise.resolve();
  #saved: Promise<void> = Promise.resolve();

  constructor(options: RunKeeperOptions) {
    this.#options = options;
    this.#stored = options.stored;
    this.#recorded = options.stored?.applied ?? 0;
    this.#standing = options.standing;
    this.#sums = new EpochSums(options.stepsPerEpoch);
    // An epoch that has just ended is evaluated again, or for the first time: its line was cut.
    for (const record of options.done) this.#ended = this.#sums.add(record);
    this.#endedAt = performance.now();
  }

  /** Seconds spent evaluating, as seen from here. */
  get evaluationSeconds(): number {
    return this.#evaluationSeconds;
  }

  saveTerm(term: number): Promise<void> {
    return this.#options.folder.writeTerm(term);
  }

  /** Answers when the lines are on the disk. */
  async record({ records }: EffectOf<'record'>): Promise<void> {
    await this.#inTurn(async () => {
      for (const facts of records) await this.#recordStep(facts);
    });
    await this.#syncedSoon();
  }

  async evaluated({ applied, sums, decided }: EffectOf<'evaluated'>): Promise<void> {
    await this.#inTurn(() => {
      // Where all workers were lost, steps are done again, whose lines are there already.
      if (applied < this.#recorded || applied === this.#evaluated) return;
      this.#evaluated = applied;
      // Where training ends in the middle of an epoch, that is evaluated too.
      this.#ended ??= this.#sums.soFar();
      this.#closeEpoch(sums, decided?.after?.best?.step === applied);
      if (decided !== null) this.#tell(decided);
    });
  }

  /** What an evaluation has decided, for people. */
  #tell(decided: Decided): void {
    for (const text of this.#options.tellDecisions(decided)) this.#options.observer.notice(text);
  }

  async store(
    { applied, lineage, digest, best }: EffectOf<'store'>,
    fetch: () => Promise<NamedBytes>,
  ): Promise<void> {
    const captured =
      this.#options.captured === null
        ? { digest, state: await fetch() }
        : capturedAs(digest, applied, this.#options.captured(applied));
    await this.#save(applied, lineage, captured, best);
  }

  stored(applied: number): NamedBytes | null {
    return this.#stored?.applied === applied ? this.#stored.captured.state : null;
  }

  /**
   * After a failure that has spared the weights: a checkpoint of the state that they are in.
   * `records` are of the steps before it; those that have no line yet get it. Returns whether that
   * is the newest checkpoint now: not where a line is missing all the same.
   */
  async rescue(
    records: readonly StepFacts[],
    { applied, lineage, ...captured }: LastState,
  ): Promise<boolean> {
    await this.#inTurn(async () => {
      for (const facts of records) if (facts.step >= this.#recorded) await this.#recordStep(facts);
    });
    if (this.#recorded !== applied) return false;
    await this.#save(applied, lineage, captured, standingIn(captured.state)?.best ?? null);
    return true;
  }

  /** One after the other: a state may be asked for again while it is being written. */
  #save(
    applied: number,
    lineage: string,
    captured: CapturedState,
    best: BestMark | null,
  ): Promise<void> {
    const done = this.#saved.then(async () => {
      if (this.#stored?.applied !== applied) await this.#write(applied, lineage, captured, best);
    });
    this.#saved = done.catch(() => undefined);
    return done;
  }

  async #write(
    applied: number,
    lineage: string,
    captured: CapturedState,
    best: BestMark | null,
  ): Promise<void> {
    const { folder, metrics, identity, stepsPerEpoch, tracer } = this.#options;
    const begin = wallMillis();
    await this.#inTurn(() => metrics.sync());
    await folder.checkpoints.save({
      step: applied,
      epoch: Math.ceil(applied / stepsPerEpoch),
      identity: { ...identity },
      digests: { state: captured.digest },
      state: { lineage, best: best && { ...best } },
      sections: captured.state,
    });
    const span = { track: 'disk', name: 'checkpoint', begin, end: wallMillis() };
    tracer?.({ ...span, facts: { step: applied } });
    this.#stored = { applied, captured };
  }

  async summarize(effect: EffectOf<'summarize'>): Promise<void> {
    await this.#inTurn(() => {
      this.#closeEpoch(null, false);
      return this.#options.metrics.sync();
    });
    const stored = this.#stored;
    assertInternal(stored?.applied === effect.applied, 'A summary is of the state last stored.');
    if (effect.complete) await this.#options.conclude(effect, stored.captured);
  }

  /** Lines stand in the order of training, whatever each has to wait for. */
  #inTurn(work: () => void | Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #recordStep(facts: StepFacts): Promise<void> {
    const { metrics, observer, times } = this.#options;
    const line = this.#line(facts, await times(facts.step));
    // The evaluation before the step, where a coordinator before this one has had it.
    const { evaluation } = facts.control;
    const isBest = this.#goOn(facts);
    this.#closeEpoch(evaluation.length > 0 ? evaluation : null, isBest);
    metrics.append(line);
    this.#recorded = line.step;
    observer.step(line);
    this.#ended = this.#sums.add(line);
    this.#endedAt = performance.now();
  }

  /** Takes what decisions hang on over a step; whether the state before it is the best so far. */
  #goOn(facts: StepFacts): boolean {
    const { controls } = this.#options;
    if (controls === null || this.#standing === null) return false;
    const { step, control } = facts;
    const decided = controls.afterEvaluation(this.#standing, step, control.evaluation);
    this.#standing = controls.afterStep(decided, facts);
    return control.evaluation.length > 0 && decided.best?.step === step;
  }

  #syncedSoon(): Promise<void> {
    this.#syncSoon ??= after(SYNC_MILLISECONDS).then(() => {
      this.#syncSoon = null;
      return this.#options.metrics.sync();
    });
    return this.#syncSoon;
  }

  /** A line for the epoch that has ended, or that the run ends in the middle of. */
  #closeEpoch(sums: readonly EvaluationSum[] | null, isBest: boolean): void {
    const ended = this.#ended;
    if (ended === null) return;
    this.#ended = null;
    const seconds = sums === null ? 0 : (performance.now() - this.#endedAt) / 1000;
    this.#evaluationSeconds += seconds;
    const validation = meansOf(sums ?? [], VALIDATION_SET);
    const test = meansOf(sums ?? [], TEST_SET);
    const record: EpochRecord = {
      ...ended,
      validationLoss: validation?.loss ?? null,
      validationAccuracy: validation?.accuracy ?? null,
      testLoss: test?.loss ?? null,
      testAccuracy: test?.accuracy ?? null,
      isBest,
      evaluationSeconds: seconds,
    };
    this.#options.metrics.append(record);
    this.#options.observer.epoch(record);
  }

  #line({ step, tally, lossBits, control }: StepFacts, times: StepTimes): StepRecord {
    const { stepsPerEpoch } = this.#options;
    const { stepSeconds, computeSeconds, updateSeconds } = times;
    return {
      kind: 'step',
      step: step + 1,
      epoch: Math.floor(step / stepsPerEpoch) + 1,
      samples: tally.samples,
      loss: floatOfBits(lossBits) / tally.samples,
      accuracy: tally.correct / tally.samples,
      learningRate: floatOfBits(control.learningRateBits),
      samplesPerSecond: tally.samples / stepSeconds,
      stepSeconds,
      computeSeconds,
      waitSeconds: Math.max(0, stepSeconds - computeSeconds - updateSeconds),
      updateSeconds,
    };
  }
}

function capturedAs(
  digest: string,
  applied: number,
  captured: CapturedState | undefined,
): CapturedState {
  if (captured?.digest === digest) return captured;
  throw new LockstepError(
    'CHECKPOINT_STATE_LOST',
    `The copy of the state after ${String(applied)} steps is ${captured ? 'another than was announced' : 'gone'}.`,
    { hint: 'Resume from the checkpoint before it.', where: { step: applied } },
  );
}
