import { randomUUID } from 'node:crypto';
import { Coordinator } from '../coordinator/coordinator.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import type { StepTimes } from '../coordinator/run-keeper.js';
import { inProcessLink } from '../shared/link/in-process.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import type { ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import { SET_INDEX } from '../shared/protocol/evaluated-sets.js';
import { runSchedule } from '../shared/protocol/run-schedule.js';
import type { RunObserver } from '../shared/run-events.js';
import type { RunTrace } from '../coordinator/trace/run-trace.js';
import { Member } from '../worker/member.js';
import { soloPost } from '../worker/post.js';
import type { Trainer } from '../worker/trainer.js';
import { stallSeconds, type PreparedRun } from './prepare-run.js';
import type { Conclusion } from './conclude.js';
import { RunBooks } from './run-books.js';
import { takeUp, type TakenUp } from './take-up.js';

/** Name of the one worker. */
export const LOCAL_WORKER = 'local';
const HEARTBEAT_MILLISECONDS = 250;

/**
 * A coordinator and one worker in one process, joined by a link that carries their messages as
 * they are: the same machines that run a cluster.
 */
export class LocalRun {
  readonly #coordinator: Coordinator;
  readonly #member: Member;
  readonly #books: RunBooks;
  readonly #observer: RunObserver;

  private constructor(
    run: PreparedRun,
    folder: RunFolder,
    trainer: Trainer,
    observer: RunObserver,
    taken: TakenUp,
    trace: RunTrace | null,
  ) {
    const { config, data, identity } = run;
    const schedule = runSchedule(config, data);
    const times = new Pending<number, StepTimes>();
    this.#observer = observer;
    const books = (this.#books = new RunBooks(run, folder, taken, schedule, observer, {
      stored: taken.stored,
      times: (step) => times.take(step),
      captured: (applied) => this.#member.captures.get(applied),
      tracer: trace && trace.own,
    }));
    const { machine } = books;
    const id = `${LOCAL_WORKER}-${randomUUID()}`;
    const link = inProcessLink<ToMember, ToCoordinator>('coordinator', LOCAL_WORKER);
    const onWarning = (warning: Error): void => {
      observer.notice(warning.message);
    };
    if (config.wire !== 'float32') {
      observer.notice('--wire has no effect here: on one machine, gradients do not travel.');
    }
    books.tellStart(config.threads);
    // The threads' own watch ends a stalled step first, and knows which thread it was.
    const patience = stallSeconds(run) * 4000 + 60_000;
    this.#coordinator = new Coordinator({
      config: {
        ...machine,
        minWorkers: 1,
        expectWorkers: 1,
        learnerLag: 0,
        segments: 1,
        exact: true,
        nodeMillis: 0,
        times: {
          heartbeatMillis: HEARTBEAT_MILLISECONDS,
          helloMillis: 10_000,
          deadMillis: patience,
          stallMillis: patience,
          // The worker is in this process: it is there at once, or has failed.
          pauseMillis: 1000,
          stuckMillis: 2 * patience,
          backOffMillis: 1000,
          relayMillis: patience,
          admitMillis: 0,
        },
      },
      schedule,
      keeper: books.keeper,
      onWarning,
    });
    this.#coordinator.connect(id, link.a);
    this.#member = new Member({
      config: {
        run: machine.run,
        id,
        worker: LOCAL_WORKER,
        identity,
        origin: taken.position,
        segments: 1,
        exact: true,
        times: {
          retryMillis: patience,
          unreachableMillis: patience,
          coordinatorLostMillis: patience,
        },
      },
      schedule,
      trainer,
      setIndex: SET_INDEX,
      post: soloPost(link.b),
      rows: null,
      heartbeatMillis: HEARTBEAT_MILLISECONDS,
      onStep: (timing) => {
        times.put(timing.step, timing);
        books.addStep(timing.step, timing.stepSeconds);
      },
      onWarning,
      tracer: trace && trace.local(LOCAL_WORKER),
    });
  }

  /** Takes the run up where its folder has it; the trainer holds the initial weights. */
  static async begin(
    run: PreparedRun,
    folder: RunFolder,
    trainer: Trainer,
    observer: RunObserver,
    trace: RunTrace | null,
  ): Promise<LocalRun> {
    const taken = await takeUp(run, folder, observer);
    if (taken.stored !== null) trainer.restore(taken.stored.captured.state);
    return new LocalRun(run, folder, trainer, observer, taken, trace);
  }

  /** Resolves when the run has ended; null where `signal` ended it before its last step. */
  finish(signal: AbortSignal | undefined): Promise<Conclusion | null> {
    return this.#books.untilEnded(
      this.#coordinator,
      signal,
      () => this.#ended(),
      () => {
        this.#member.close();
        this.#coordinator.close();
        return Promise.resolve();
      },
    );
  }

  async #ended(): Promise<void> {
    try {
      await Promise.all([this.#coordinator.ended, this.#member.ended]);
    } catch (error) {
      // What befell the worker says more than that the run has none left.
      const cause = this.#member.state.failure;
      if (cause === null) throw error;
      await this.#rescue();
      throw errorOf(cause);
    }
  }

  /** The worker has failed, but mostly not its weights: no step done is lost then. */
  async #rescue(): Promise<void> {
    try {
      const last = await this.#member.lastState();
      if (last !== null && (await this.#books.keeper.rescue(this.#member.state.records, last))) {
        this.#observer.notice(`The state after ${String(last.applied)} steps is saved.`);
      }
    } catch (error) {
      this.#observer.notice(
        `The last state could not be saved: ${errorOf(failureOf(error)).message}`,
      );
    }
  }
}

/** Values that one side puts and the other takes, once each, in whichever order. */
class Pending<Key, Value> {
  readonly #ready = new Map<Key, Value>();
  readonly #wanted = new Map<Key, (value: Value) => void>();

  put(key: Key, value: Value): void {
    const resolve = this.#wanted.get(key);
    this.#wanted.delete(key);
    if (resolve === undefined) this.#ready.set(key, value);
    else resolve(value);
  }

  take(key: Key): Promise<Value> {
    const value = this.#ready.get(key);
    if (value === undefined) return new Promise((resolve) => this.#wanted.set(key, resolve));
    this.#ready.delete(key);
    return Promise.resolve(value);
  }
}
