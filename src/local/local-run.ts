import { randomUUID } from 'node:crypto';
import { Coordinator } from '../coordinator/coordinator.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import type { MetricsLog } from '../coordinator/run-folder/metrics-log.js';
import { runName } from '../coordinator/run-identity.js';
import { RunKeeper, type StepTimes } from '../coordinator/run-keeper.js';
import { shortModelName } from '../shared/config/resolve.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import { inProcessLink } from '../shared/link/in-process.js';
import type { EvaluationSum } from '../shared/protocol/control.js';
import { errorOf, failureOf } from '../shared/protocol/failure.js';
import type { ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import { runSchedule, TEST_SET, TRAIN_SET } from '../shared/protocol/run-schedule.js';
import type { RunObserver } from '../shared/run-events.js';
import { Member } from '../worker/member.js';
import { soloPost } from '../worker/post.js';
import type { NamedBytes } from '../shared/protocol/state-bytes.js';
import type { Trainer } from '../worker/trainer.js';
import { stallSeconds, type PreparedRun } from './prepare-run.js';
import type { Conclusion } from './conclude.js';
import { takeUp, type TakenUp } from './take-up.js';

const WORKER = 'local';
const HEARTBEAT_MILLISECONDS = 250;

/**
 * A coordinator and one worker in one process, joined by a link that carries their messages as
 * they are: the same machines that run a cluster.
 */
export class LocalRun {
  readonly #coordinator: Coordinator;
  readonly #member: Member;
  readonly #metrics: MetricsLog;
  readonly #keeper: RunKeeper;
  readonly #observer: RunObserver;
  #conclusion: { steps: number; evaluation: readonly EvaluationSum[]; state: NamedBytes } | null =
    null;
  #samples = 0;
  #seconds = 0;

  private constructor(
    run: PreparedRun,
    folder: RunFolder,
    trainer: Trainer,
    observer: RunObserver,
    { position, term, metrics, done, stored }: TakenUp,
  ) {
    const { config, data, identity } = run;
    const perEpoch = stepsPerEpoch(data.train.count, config.batchSize);
    const schedule = runSchedule(config, data.train, data.test);
    const times = new Pending<number, StepTimes>();
    this.#metrics = metrics;
    this.#observer = observer;
    this.#keeper = new RunKeeper({
      folder,
      metrics,
      observer,
      identity,
      stepsPerEpoch: perEpoch,
      done,
      stored,
      times: (step) => times.take(step),
      captured: (applied) => this.#member.captures.get(applied),
      conclude: ({ applied, evaluation }, { state }) => {
        this.#conclusion = { steps: applied, evaluation, state };
        return Promise.resolve();
      },
    });
    const name = runName(identity);
    const id = `${WORKER}-${randomUUID()}`;
    const link = inProcessLink<ToMember, ToCoordinator>('coordinator', WORKER);
    const onWarning = (warning: Error): void => {
      observer.notice(warning.message);
    };
    observer.started({
      run: folder.path,
      model: shortModelName(config.model),
      parameters: run.layout.trainableLength,
      engine: run.program.engine,
      threads: config.threads,
      steps: schedule.steps,
      startStep: position.applied,
      stepsPerEpoch: perEpoch,
      epochs: Math.ceil(schedule.steps / perEpoch),
      samples: data.train.count,
    });
    // The threads' own watch ends a stalled step first, and knows which thread it was.
    const patience = stallSeconds(run) * 4000 + 60_000;
    this.#coordinator = new Coordinator({
      config: {
        run: name,
        id: randomUUID(),
        identity,
        folder: {
          term,
          checkpoint: position,
          metrics: { upTo: position.applied, lineages: new Map() },
        },
        minWorkers: 1,
        expectWorkers: 1,
        ahead: 1,
        learnerLag: 0,
        checkpointEvery: config.checkpointEvery ?? perEpoch,
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
        },
      },
      schedule,
      keeper: this.#keeper,
      onWarning,
    });
    this.#coordinator.connect(id, link.a);
    this.#member = new Member({
      config: {
        run: name,
        id,
        worker: WORKER,
        identity,
        origin: position,
        segments: 1,
        times: {
          retryMillis: patience,
          unreachableMillis: patience,
          coordinatorLostMillis: patience,
        },
      },
      schedule,
      trainer,
      setIndex: new Map([
        [TRAIN_SET, 0],
        [TEST_SET, 1],
      ]),
      post: soloPost(link.b),
      rows: null,
      heartbeatMillis: HEARTBEAT_MILLISECONDS,
      onStep: (timing) => {
        times.put(timing.step, timing);
        this.#samples += schedule.step(timing.step).samples;
        this.#seconds += timing.stepSeconds;
      },
      onWarning,
    });
  }

  /** Takes the run up where its folder has it; the trainer holds the initial weights. */
  static async begin(
    run: PreparedRun,
    folder: RunFolder,
    trainer: Trainer,
    observer: RunObserver,
  ): Promise<LocalRun> {
    const taken = await takeUp(run, folder, observer);
    if (taken.stored !== null) trainer.restore(taken.stored.captured.state);
    return new LocalRun(run, folder, trainer, observer, taken);
  }

  /** Resolves when the run has ended; null where `signal` ended it before its last step. */
  async finish(signal: AbortSignal | undefined): Promise<Conclusion | null> {
    const stop = (): void => {
      this.#coordinator.stop();
    };
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      await Promise.all([this.#coordinator.ended, this.#member.ended]);
    } catch (error) {
      // What befell the worker says more than that the run has none left.
      const cause = this.#member.state.failure;
      if (cause === null) throw error;
      await this.#rescue();
      throw errorOf(cause);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#member.close();
      this.#coordinator.close();
      await this.#metrics.close();
    }
    return (
      this.#conclusion && {
        ...this.#conclusion,
        samplesHere: this.#samples,
        trainingSeconds: this.#seconds,
        evaluationSeconds: this.#keeper.evaluationSeconds,
      }
    );
  }

  /** The worker has failed, but mostly not its weights: no step done is lost then. */
  async #rescue(): Promise<void> {
    try {
      const last = await this.#member.lastState();
      if (last !== null && (await this.#keeper.rescue(this.#member.state.records, last))) {
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
