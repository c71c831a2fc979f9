import { LockstepError } from '../shared/errors.js';
import type { Link } from '../shared/link/link.js';
import { Drive } from '../shared/protocol/drive.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import type { ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import type { MemberId } from '../shared/protocol/names.js';
import type { Schedule } from '../shared/protocol/schedule.js';
import { advanceCoordinator, startCoordinator } from './machine/machine.js';
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
} from './machine/state.js';

type EffectOf<Kind extends CoordinatorEffect['kind']> = Extract<CoordinatorEffect, { kind: Kind }>;

/** What the coordinator does on the disk; each promise is answered to the machine. */
export interface Keeper {
  /** Synced before the coordinator speaks in this term. */
  saveTerm(term: number): Promise<void>;
  /** Lines of metrics; resolves when they are on the disk. */
  record(effect: EffectOf<'record'>): Promise<void>;
  /** Metrics of an evaluation, in their place among those of the steps. */
  evaluated(effect: EffectOf<'evaluated'>): Promise<void>;
  /** A checkpoint, whole or not at all. */
  store(effect: EffectOf<'store'>): Promise<void>;
  /** The run is done: what its summary says is settled. */
  summarize(effect: EffectOf<'summarize'>): Promise<void>;
}

export interface CoordinatorOptions {
  readonly config: CoordinatorConfig;
  readonly schedule: Schedule;
  readonly keeper: Keeper;
  readonly links: ReadonlyMap<MemberId, Link<ToMember, ToCoordinator>>;
  readonly onWarning: (warning: LockstepError) => void;
}

/** The coordinator of a run: its machine decides, this carries out. */
export class Coordinator {
  /** Resolves when the run is finished, or stopped as asked; rejects with what ended it. */
  readonly ended: Promise<void>;
  readonly #options: CoordinatorOptions;
  readonly #drive: Drive<CoordinatorState, CoordinatorEvent, CoordinatorEffect>;
  readonly #timer: NodeJS.Timeout;
  #settle!: { resolve: () => void; reject: (error: LockstepError) => void };

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#drive = new Drive<CoordinatorState, CoordinatorEvent, CoordinatorEffect>(
      startCoordinator(options.config, options.schedule, performance.now()),
      (state, event) => advanceCoordinator(state, event, options.schedule),
      (effect) => {
        this.#carryOut(effect);
      },
    );
    for (const link of options.links.values()) {
      link.receive((message) => {
        this.#drive.feed({ kind: 'message', message });
      });
    }
    this.#timer = setInterval(() => {
      this.#drive.feed({ kind: 'tick', now: performance.now() });
    }, options.config.times.heartbeatMillis);
  }

  /** Ends the run after the step under way, with a checkpoint. */
  stop(): void {
    this.#drive.feed({ kind: 'stop' });
  }

  /** Stops the heartbeat, whatever state the run is in. */
  close(): void {
    clearInterval(this.#timer);
    for (const link of this.#options.links.values()) link.close('the coordinator has ended');
  }

  #carryOut(effect: CoordinatorEffect): void {
    const { keeper, links, onWarning } = this.#options;
    switch (effect.kind) {
      case 'save-term':
        this.#answer(keeper.saveTerm(effect.term), { kind: 'term-saved', term: effect.term });
        return;
      case 'send':
        links
          .get(effect.to)
          ?.send(effect.message as ToMember)
          .catch((error: unknown) => {
            onWarning(errorOf(failureOf(error)));
          });
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
        keeper.store(effect).then(
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
      case 'began':
      case 'send-snapshot':
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
