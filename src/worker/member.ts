import { assertInternal, LockstepError } from '../shared/errors.js';
import type { Link } from '../shared/link/link.js';
import { rootOf } from '../shared/numerics/reduction-tree.js';
import { Drive } from '../shared/protocol/drive.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import type { PieceResult, ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import type { Schedule } from '../shared/protocol/schedule.js';
import { floatBits, floatOfBits } from '../shared/numerics/float-bits.js';
import { COORDINATOR } from '../shared/protocol/names.js';
import { Captures, type Captured } from './captures.js';
import { advanceMember, startMember } from './machine/machine.js';
import type { MemberConfig, MemberEffect, MemberEvent, MemberState } from './machine/state.js';
import type { Trainer } from './trainer.js';

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
  readonly link: Link<ToCoordinator, ToMember>;
  readonly heartbeatMillis: number;
  /** Told when a step is applied. */
  readonly onStep: (timing: StepTiming) => void;
  readonly onWarning: (warning: LockstepError) => void;
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
  #work: Promise<void> = Promise.resolve();
  /** An update was begun and not ended: the weights are those of no step. */
  #torn = false;
  #settle!: { resolve: () => void; reject: (error: LockstepError) => void };
  /** Where the step under way began; put off by what is no part of it. */
  #stepSince = performance.now();
  #computed = { step: -1, seconds: 0, samples: 0 };

  constructor(options: MemberOptions) {
    this.#options = options;
    const { config, schedule, link, trainer, heartbeatMillis } = options;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#drive = new Drive<MemberState, MemberEvent, MemberEffect>(
      startMember(config, performance.now()),
      (state, event) => advanceMember(state, event, schedule),
      (effect) => {
        this.#carryOut(effect);
      },
    );
    link.receive((message) => {
      this.#drive.feed({ kind: 'message', message });
    });
    const tick = (): void => {
      this.#drive.feed({ kind: 'tick', now: performance.now(), progress: trainer.progress });
    };
    this.#timer = setInterval(tick, heartbeatMillis);
    tick();
  }

  get state(): MemberState {
    return this.#drive.state;
  }

  /** The state of the weights when what is under way has ended; null where an update was cut short. */
  async lastState(): Promise<Captured | null> {
    await this.#work;
    const { position } = this.state;
    if (this.#torn || position === null) return null;
    return this.captures.put(position.applied, position.lineage, this.#options.trainer.capture());
  }

  /** Stops the heartbeat, whatever state the run is in. */
  close(): void {
    clearInterval(this.#timer);
    this.#options.link.close('the worker has ended');
  }

  #carryOut(effect: MemberEffect): void {
    switch (effect.kind) {
      case 'send':
        assertInternal(effect.to === COORDINATOR, 'The only worker of a run has no peers.');
        this.#options.link.send(effect.message as ToCoordinator).catch((error: unknown) => {
          this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
        });
        return;
      case 'compute':
        this.#enqueue(() => this.#compute(effect));
        return;
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
      case 'discard':
        this.captures.discard(effect.applied);
        return;
      case 'release':
        // Rows lie in slots that the next step writes: nothing is kept for others.
        return;
      case 'warn':
        this.#options.onWarning(errorOf(effect.failure));
        return;
      case 'leave':
        clearInterval(this.#timer);
        if (effect.failure === null) this.#settle.resolve();
        else this.#settle.reject(errorOf(effect.failure));
        return;
      case 'reduce':
      case 'assemble':
      case 'restore':
      case 'send-snapshot':
        assertInternal(false, `The only worker of a run was asked to ${effect.kind}.`);
    }
  }

  /** Runs work on the weights when what was asked for before is done. */
  #enqueue(work: () => void | Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
    });
  }

  async #compute(effect: Extract<MemberEffect, { kind: 'compute' }>): Promise<void> {
    const { step, lineage, count, whole } = effect;
    assertInternal(whole, 'The only worker of a run computes whole steps.');
    const result = await this.#options.trainer.gradients(step);
    const busy = result.busySeconds.reduce((sum, seconds) => sum + seconds, 0);
    const seconds = busy / result.busySeconds.length;
    this.#computed = { step, seconds, samples: result.samples };
    const digest = result.digest.toString(16).padStart(16, '0');
    this.#drive.feed({
      kind: 'computed-whole',
      step,
      lineage,
      row: {
        node: rootOf(count),
        tally: { samples: result.samples, correct: result.correct, hash: result.proof },
        segments: [{ checksum: Number(BigInt.asUintN(32, result.digest)), payload: result.row }],
      },
      gradient: { digest, lossBits: floatBits(result.lossSum), nonFinite: result.culprit },
      millis: result.seconds * 1000,
    });
  }

  async #apply(effect: Extract<MemberEffect, { kind: 'apply' }>): Promise<void> {
    const { step, samples, control } = effect;
    const began = performance.now();
    this.#torn = true;
    await this.#options.trainer.apply(step, samples, floatOfBits(control.learningRateBits));
    this.#torn = false;
    const now = performance.now();
    this.#options.onStep({
      step,
      stepSeconds: (now - this.#stepSince) / 1000,
      computeSeconds: this.#computed.seconds,
      updateSeconds: (now - began) / 1000,
    });
    this.#stepSince = now;
  }

  #capture({ applied, lineage }: Extract<MemberEffect, { kind: 'capture' }>): void {
    const began = performance.now();
    const { digest } = this.captures.put(applied, lineage, this.#options.trainer.capture());
    this.#drive.feed({ kind: 'captured', applied, digest });
    this.#stepSince += performance.now() - began;
  }

  /** The only worker has all pieces, of all sets in turn. */
  async #evaluate({ applied, pieces }: Extract<MemberEffect, { kind: 'evaluate' }>): Promise<void> {
    const began = performance.now();
    const { schedule, trainer, setIndex } = this.#options;
    const results: PieceResult[] = [];
    let first = 0;
    for (const { set, pieces: count } of schedule.evaluation(applied)) {
      const wanted = pieces.some((range) => range.first < first + count && range.end > first);
      if (wanted) {
        const { losses, correct } = await trainer.evaluate(setIndex.get(set)!, applied);
        losses.forEach((loss, i) => {
          results.push({ piece: first + i, lossBits: floatBits(loss), correct: correct[i]! });
        });
      }
      first += count;
    }
    this.#drive.feed({ kind: 'evaluated', applied, results });
    this.#stepSince += performance.now() - began;
  }
}
