import { requireStanding, withStanding, type Standing } from '../shared/controls/standing.js';
import { assertInternal, type LockstepError } from '../shared/errors.js';
import { rootOf } from '../shared/numerics/reduction-tree.js';
import { snapshotChecksum } from '../shared/protocol/checksums.js';
import { Drive } from '../shared/protocol/drive.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import { COORDINATOR } from '../shared/protocol/names.js';
import { unpackState } from '../shared/protocol/state-bytes.js';
import { StateSegments } from '../shared/protocol/state-segments.js';
import { LATEST_TICKS, WakingClock } from '../shared/protocol/waking-clock.js';
import type { Message, PieceResult, ToMember } from '../shared/protocol/messages.js';
import type { Schedule } from '../shared/protocol/schedule.js';
import { wallMillis, type SpanFacts, type Tracer } from '../shared/trace/span.js';
import { floatBits, floatOfBits } from '../shared/numerics/float-bits.js';
import { Captures, type Captured } from './captures.js';
import { advanceMember, startMember } from './machine/machine.js';
import type {
  Gradient,
  MemberConfig,
  MemberEffect,
  MemberEvent,
  MemberState,
  Row,
} from './machine/state.js';
import { namedLineage } from './machine/naming.js';
import type { Post } from './post.js';
import type { RowExchange } from './rows/row-exchange.js';
import type { Trainer, TrainerState, TrainerStep } from './trainer.js';

/** Where a step's time went in this worker, in seconds. */
export interface StepTiming {
  readonly step: number;
  readonly stepSeconds: number;
  readonly computeSeconds: number;
  readonly updateSeconds: number;
}

export interface MemberOptions {
  readonly config: MemberConfig;
  readonly schedule: Schedule;
  readonly trainer: Trainer;
  /** Which of the trainer's sets the schedule's evaluations mean, by name. */
  readonly setIndex: ReadonlyMap<string, number>;
  readonly post: Post;
  /** null: the only worker of its run, whose rows stay where they are. */
  readonly rows: RowExchange | null;
  readonly heartbeatMillis: number;
  /** Told when a step is applied. */
  readonly onStep: (timing: StepTiming) => void;
  readonly onWarning: (warning: LockstepError) => void;
  /** Told of what this worker does, and how long each takes; left out: nobody. */
  readonly tracer?: Tracer | null;
}

/**
 * A worker's life in a run: the member machine decides, this carries out. What touches the weights
 * (compute, apply, capture, evaluate, restore) is done one after the other, in the order in which
 * the machine asked for it.
 */
export class Member {
  readonly captures = new Captures();
  /** Resolves when the run is finished for this worker; rejects with what ended it. */
  readonly ended: Promise<void>;
  readonly #options: MemberOptions;
  readonly #drive: Drive<MemberState, MemberEvent, MemberEffect>;
  readonly #timer: NodeJS.Timeout;
  readonly #clock: WakingClock;
  readonly #states: StateSegments;
  #retryAfterMillis: number | null = null;
  #work: Promise<void> = Promise.resolve();
  /** An update was begun and not ended: the weights are those of no step. */
  #torn = false;
  #settle!: { resolve: () => void; reject: (error: LockstepError) => void };
  /** Where the step under way began; put off by what is no part of it. */
  #stepSince = performance.now();
  #computeSeconds = 0;
  #computedAt = performance.now();

  constructor(options: MemberOptions) {
    this.#options = options;
    const { config, schedule, post, trainer, heartbeatMillis } = options;
    this.#states = new StateSegments(config.run, config.id);
    this.#clock = new WakingClock(LATEST_TICKS * heartbeatMillis);
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#drive = new Drive<MemberState, MemberEvent, MemberEffect>(
      startMember(config, this.#clock.now),
      (state, events) => advanceMember(state, events.shift()!, schedule),
      (effect) => {
        this.#carryOut(effect);
      },
    );
    post.receive((message) => {
      this.#take(message);
    });
    const tick = (): void => {
      this.#drive.feed({ kind: 'tick', now: this.#clock.read(), progress: trainer.progress });
    };
    this.#timer = setInterval(tick, heartbeatMillis);
    tick();
  }

  get state(): MemberState {
    return this.#drive.state;
  }

  /** Once `ended` has rejected: the worker may join again, as another member, after this long. */
  get retryAfterMillis(): number | null {
    return this.#retryAfterMillis;
  }

  /** The state of the weights when what is under way has ended; null where an update was cut short. */
  async lastState(): Promise<Captured | null> {
    await this.#work;
    const { position } = this.state;
    if (this.#torn || position === null) return null;
    const { applied, lineage, standing } = position;
    return this.captures.put(applied, lineage, this.#captured(standing));
  }

  /** Resolves when nothing touches the weights any more; asked after the end. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Stops the heartbeat, whatever state the run is in. */
  close(): void {
    clearInterval(this.#timer);
    this.#options.post.close('the worker has ended');
  }

  #take(message: ToMember): void {
    if (message.kind === 'piece') {
      const { step, segment, from } = message;
      const facts = { step: step + 1, segment, from };
      const arrived = this.#traced('rows', 'receive', facts, () =>
        this.#rows('give rows').inward(message),
      );
      if (arrived !== null) this.#drive.feed({ kind: 'message', ...arrived });
    } else if (message.kind === 'snapshot-piece') {
      const measured = snapshotChecksum(message, message.payload as Uint8Array);
      this.#drive.feed({ kind: 'message', message, measured });
    } else {
      this.#drive.feed({ kind: 'message', message });
    }
  }

  #carryOut(effect: MemberEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.to, effect.message);
        return;
      case 'compute':
        this.#enqueue(() => this.#compute(effect));
        return;
      case 'reduce': {
        const facts = { step: effect.step + 1, segment: effect.segment };
        const reduce = () => this.#rows('reduce').reduce(effect);
        this.#drive.feed(this.#traced('rows', 'reduce', facts, reduce));
        return;
      }
      case 'assemble': {
        const facts = { step: effect.step + 1 };
        const assemble = () => this.#rows('assemble').assemble(effect);
        this.#drive.feed(this.#traced('rows', 'assemble', facts, assemble));
        return;
      }
      case 'apply':
        this.#enqueue(() => this.#apply(effect));
        return;
      case 'capture':
        this.#enqueue(() => {
          this.#capture(effect);
        });
        return;
      case 'evaluate':
        this.#enqueue(() => this.#evaluate(effect));
        return;
      case 'restore':
        this.#enqueue(() => {
          this.#restore(effect);
        });
        return;
      case 'send-snapshot':
        this.#sendSnapshot(effect);
        return;
      case 'discard':
        this.captures.discard(effect.applied);
        return;
      case 'release':
        // Rows that travel live as long as the machine names them; others lie where the next step
        // writes.
        return;
      case 'warn':
        this.#options.onWarning(errorOf(effect.failure));
        return;
      case 'leave':
        clearInterval(this.#timer);
        this.#retryAfterMillis = effect.retryAfterMillis;
        if (effect.failure === null) this.#settle.resolve();
        else this.#settle.reject(errorOf(effect.failure));
    }
  }

  #rows(task: string): RowExchange {
    const { rows } = this.#options;
    assertInternal(rows !== null, `The only worker of a run was asked to ${task}.`);
    return rows;
  }

  #send(to: string, message: Message): void {
    const began = performance.now();
    this.#options.post.send(to, this.#outward(message)).then(
      () => {
        if (message.kind !== 'piece') return;
        const { step, segment } = message;
        this.#trace(`to ${to}`, 'send', began, { step: step + 1, segment });
      },
      (error: unknown) => {
        this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
      },
    );
  }

  /** What went on from `began` on, until now if not until `ended`. */
  #trace(
    track: string,
    name: string,
    began: number,
    facts: SpanFacts,
    ended = performance.now(),
  ): void {
    const { tracer } = this.#options;
    tracer?.({ track, name, begin: wallMillis(began), end: wallMillis(ended), facts });
  }

  #traced<Result>(track: string, name: string, facts: SpanFacts, work: () => Result): Result {
    const began = performance.now();
    const result = work();
    this.#trace(track, name, began, facts);
    return result;
  }

  /** Nothing where the copy is gone: it is asked for elsewhere. */
  #sendSnapshot(effect: Extract<MemberEffect, { kind: 'send-snapshot' }>): void {
    const { to, relayed } = effect;
    const captured = this.captures.get(effect.applied);
    if (captured?.lineage !== effect.lineage) return;
    const message = this.#states.piece(captured.state, effect);
    if (message === null) return;
    const { run, from } = message;
    if (relayed) this.#send(COORDINATOR, { kind: 'relay', run, from, to, message });
    else this.#send(to, message);
  }

  /** As the machine holds a message, its bytes are what the rim made of them. */
  #outward(message: Message): Message {
    if (message.kind === 'piece') return this.#rows('send rows').outward(message);
    if (message.kind !== 'relay' || message.message.kind !== 'piece') return message;
    return { ...message, message: this.#rows('send rows').outward(message.message) };
  }

  /** Runs work on the weights when what was asked for before is done. */
  #enqueue(work: () => void | Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
    });
  }

  async #compute(effect: Extract<MemberEffect, { kind: 'compute' }>): Promise<void> {
    const { rows, trainer } = this.#options;
    const { step, lineage } = effect;
    // In a run that rounds, a new view begins the step anew; and others may have done it meanwhile.
    const isDue = (): boolean => namedLineage(this.state) === lineage;
    if (!isDue()) return;
    const began = performance.now();
    const results =
      rows === null
        ? [await trainer.gradients(step)]
        : await rows.compute(
            effect,
            (event) => {
              this.#drive.feed(event);
            },
            isDue,
          );
    if (results === null) return;
    this.#trace('step', 'compute', began, { step: step + 1 });
    this.#computedAt = performance.now();
    this.#computeSeconds = sum(results.map(({ busySeconds }) => mean(busySeconds)));
    const millis = 1000 * sum(results.map(({ seconds }) => seconds));
    if (rows === null) {
      const [whole] = results as [TrainerStep];
      const row = rowInPlace(effect.count, whole);
      this.#drive.feed({
        kind: 'computed-whole',
        step,
        lineage,
        row,
        gradient: gradientOf(whole),
        millis,
      });
    } else {
      const microBatches = sum(effect.ranges.map(({ first, end }) => end - first));
      this.#drive.feed({ kind: 'computed', step, lineage, microBatches, millis });
    }
  }

  async #apply(effect: Extract<MemberEffect, { kind: 'apply' }>): Promise<void> {
    const { step, samples, control, payloads, isBest } = effect;
    const began = performance.now();
    this.#trace('step', 'exchange', this.#computedAt, { step: step + 1 }, began);
    this.#options.rows?.load(payloads);
    this.#torn = true;
    const rate = floatOfBits(control.learningRateBits);
    await this.#options.trainer.apply(step, samples, rate, isBest);
    this.#torn = false;
    const now = performance.now();
    this.#trace('step', 'update', began, { step: step + 1 });
    this.#options.onStep({
      step,
      stepSeconds: (now - this.#stepSince) / 1000,
      computeSeconds: this.#computeSeconds,
      updateSeconds: (now - began) / 1000,
    });
    this.#stepSince = now;
  }

  #captured(standing: Standing | null): TrainerState {
    return withStanding(this.#options.trainer.capture(), standing);
  }

  #capture({ applied, lineage, standing }: Extract<MemberEffect, { kind: 'capture' }>): void {
    const began = performance.now();
    const { digest } = this.captures.put(applied, lineage, this.#captured(standing));
    this.#trace('step', 'capture', began, { step: applied });
    this.#drive.feed({ kind: 'captured', applied, digest });
    this.#stepSince += performance.now() - began;
  }

  #restore({ applied, lineage, payloads }: Extract<MemberEffect, { kind: 'restore' }>): void {
    const began = performance.now();
    const state = unpackState(Buffer.concat(payloads as Uint8Array[]));
    this.#options.trainer.restore(state);
    this.#trace('step', 'restore', began, { step: applied });
    const standing = this.#options.schedule.controls === null ? null : requireStanding(state);
    this.#drive.feed({ kind: 'restored', applied, lineage, standing });
    this.#stepSince = performance.now();
  }

  /** Pieces are counted through all sets, one after the other. */
  async #evaluate({
    applied,
    which,
    pieces,
  }: Extract<MemberEffect, { kind: 'evaluate' }>): Promise<void> {
    const began = performance.now();
    const { schedule, trainer, setIndex } = this.#options;
    const results: PieceResult[] = [];
    let offset = 0;
    const of = which === 'best' ? 'best' : 'last';
    for (const { set, pieces: count } of schedule.evaluation(applied, which)) {
      for (const range of pieces) {
        const first = Math.max(range.first - offset, 0);
        const end = Math.min(range.end - offset, count);
        if (first >= end) continue;
        const sums = await trainer.evaluate(setIndex.get(set)!, applied, { first, end }, of);
        sums.losses.forEach((loss, i) => {
          const piece = offset + first + i;
          results.push({ piece, lossBits: floatBits(loss), correct: sums.correct[i]! });
        });
      }
      offset += count;
    }
    this.#trace('step', 'evaluate', began, { step: applied });
    this.#drive.feed({ kind: 'evaluated', applied, which, results });
    this.#stepSince += performance.now() - began;
  }
}

/** A row of a whole step that stays where the compute threads made it. */
function rowInPlace(count: number, { samples, correct, proof, digest, row }: TrainerStep): Row {
  return {
    node: rootOf(count),
    tally: { samples, correct, hash: proof },
    segments: [{ checksum: Number(BigInt.asUintN(32, digest)), payload: row }],
  };
}

function gradientOf({ digest, lossSum, culprit }: TrainerStep): Gradient {
  return { digest: digestText(digest), lossBits: floatBits(lossSum), nonFinite: culprit };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

const digestText = (digest: bigint): string => digest.toString(16).padStart(16, '0');
