import { LockstepError } from '../shared/errors.js';
import type { Link } from '../shared/link/link.js';
import { Drive } from '../shared/protocol/drive.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import type { SnapshotPiece, ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import { COORDINATOR, type MemberId } from '../shared/protocol/names.js';
import type { Schedule } from '../shared/protocol/schedule.js';
import type { NamedBytes } from '../shared/protocol/state-bytes.js';
import { StateSegments } from '../shared/protocol/state-segments.js';
import { LATEST_TICKS, WakingClock } from '../shared/protocol/waking-clock.js';
import { advanceCoordinator, startCoordinator } from './machine/machine.js';
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
} from './machine/state.js';
import { StateFetch } from './state-fetch.js';

type EffectOf<Kind extends CoordinatorEffect['kind']> = Extract<CoordinatorEffect, { kind: Kind }>;

/** What the coordinator does on the disk; each promise is answered to the machine. */
export interface Keeper {
  /** Synced before the coordinator speaks in this term. */
  saveTerm(term: number): Promise<void>;
  /** Lines of metrics; resolves when they are on the disk. */
  record(effect: EffectOf<'record'>): Promise<void>;
  /** Metrics of an evaluation, in their place among those of the steps. */
  evaluated(effect: EffectOf<'evaluated'>): Promise<void>;
  /** A checkpoint, whole or not at all; `fetch` brings the state from the worker that has it. */
  store(effect: EffectOf<'store'>, fetch: () => Promise<NamedBytes>): Promise<void>;
  /** The newest stored state, where it is of so many steps. */
  stored(applied: number): NamedBytes | null;
  /** The run is done: what its summary says is settled. */
  summarize(effect: EffectOf<'summarize'>): Promise<void>;
}

export interface CoordinatorOptions {
  readonly config: CoordinatorConfig;
  readonly schedule: Schedule;
  readonly keeper: Keeper;
  readonly onWarning: (warning: LockstepError) => void;
}

/** A worker's end of the line, as the coordinator sees it. */
export type MemberLink = Link<ToMember, ToCoordinator | SnapshotPiece>;

/** The coordinator of a run: its machine decides, this carries out. */
export class Coordinator {
  /** Resolves when the run is finished, or stopped as asked; rejects with what ended it. */
  readonly ended: Promise<void>;
  readonly #options: CoordinatorOptions;
  readonly #drive: Drive<CoordinatorState, CoordinatorEvent, CoordinatorEffect>;
  readonly #timer: NodeJS.Timeout;
  readonly #clock: WakingClock;
  readonly #links = new Map<MemberId, MemberLink>();
  readonly #fetch: StateFetch;
  readonly #states: StateSegments;
  #settle!: { resolve: () => void; reject: (error: LockstepError) => void };

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#fetch = new StateFetch(options.config.run);
    this.#states = new StateSegments(options.config.run, COORDINATOR);
    const { heartbeatMillis } = options.config.times;
    this.#clock = new WakingClock(LATEST_TICKS * heartbeatMillis);
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#drive = new Drive<CoordinatorState, CoordinatorEvent, CoordinatorEffect>(
      startCoordinator(options.config, options.schedule, this.#clock.now),
      (state, events) => advanceCoordinator(state, events.splice(0), options.schedule),
      (effect) => {
        this.#carryOut(effect);
      },
    );
    this.#timer = setInterval(() => {
      this.#drive.feed({ kind: 'tick', now: this.#clock.read() });
    }, heartbeatMillis);
  }

  get state(): CoordinatorState {
    return this.#drive.state;
  }

  /** A member can be heard and spoken to; takes the place of an earlier link to it. */
  connect(id: MemberId, link: MemberLink): void {
    const before = this.#links.get(id);
    this.#links.set(id, link);
    before?.close('the worker has connected again');
    link.receive((message) => {
      if (message.kind === 'snapshot-piece') this.#fetch.take(message);
      else this.#drive.feedSoon({ kind: 'message', message });
    });
    void link.closed.then((reason) => {
      if (this.#links.get(id) !== link) return;
      this.#links.delete(id);
      this.#drive.feed({ kind: 'lost', member: id, reason });
    });
  }

  /** Ends the run after the step under way, with a checkpoint. */
  stop(): void {
    this.#drive.feed({ kind: 'stop' });
  }

  /** Stops the heartbeat, whatever state the run is in. */
  close(): void {
    clearInterval(this.#timer);
    for (const link of this.#links.values()) link.close('the coordinator has ended');
  }

  #carryOut(effect: CoordinatorEffect): void {
    const { keeper, onWarning } = this.#options;
    switch (effect.kind) {
      case 'save-term':
        this.#answer(keeper.saveTerm(effect.term), { kind: 'term-saved', term: effect.term });
        return;
      case 'send':
        this.#send(effect.to, effect.message as ToMember);
        return;
      case 'record': {
        const upTo = effect.records.at(-1)!.step + 1;
        this.#answer(keeper.record(effect), { kind: 'recorded', upTo });
        return;
      }
      case 'evaluated':
        keeper.evaluated(effect).catch((error: unknown) => {
          this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
        });
        return;
      case 'store': {
        const { applied, lineage } = effect;
        keeper
          .store(effect, () => this.#fetchFrom(effect))
          .then(
            () => {
              this.#drive.feed({ kind: 'stored', applied, lineage });
            },
            (error: unknown) => {
              this.#drive.feed({ kind: 'store-failed', applied, failure: failureOf(error) });
            },
          );
        return;
      }
      case 'summarize':
        this.#answer(keeper.summarize(effect), { kind: 'summarized' });
        return;
      case 'send-snapshot': {
        const state = keeper.stored(effect.applied);
        const piece = state === null ? null : this.#states.piece(state, effect);
        if (piece !== null) this.#send(effect.to, piece);
        return;
      }
      case 'began':
        return;
      case 'warn':
        onWarning(errorOf(effect.failure));
        return;
      case 'exit':
        clearInterval(this.#timer);
        if (effect.failure === null) this.#settle.resolve();
        else this.#settle.reject(errorOf(effect.failure));
    }
  }

  /** Who is out of reach is told again, or removed. */
  #send(to: MemberId, message: ToMember): void {
    // Who was taken for dead is told to come back; who is turned away, people should know.
    if (message.kind === 'refusal' && message.retryAfterMillis === null) {
      this.#options.onWarning(errorOf(message.failure));
    }
    this.#links
      .get(to)
      ?.send(message)
      .catch((error: unknown) => {
        if (error instanceof LockstepError && error.code === 'LINK_CLOSED') return;
        this.#options.onWarning(errorOf(failureOf(error)));
      });
  }

  #fetchFrom({ writer, ...state }: EffectOf<'store'>): Promise<NamedBytes> {
    const link = this.#links.get(writer);
    if (link !== undefined) return this.#fetch.fetch(link, state);
    return Promise.reject(
      new LockstepError('LINK_CLOSED', `The link to ${writer}, which has the state, is closed.`),
    );
  }

  #answer(work: Promise<void>, event: CoordinatorEvent): void {
    work.then(
      () => {
        this.#drive.feed(event);
      },
      (error: unknown) => {
        this.#drive.feed({ kind: 'failed', failure: failureOf(error) });
      },
    );
  }
}
