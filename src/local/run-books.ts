import { randomUUID } from 'node:crypto';
import type { Coordinator, CoordinatorOptions } from '../coordinator/coordinator.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { runName } from '../coordinator/run-identity.js';
import { RunKeeper, type RunKeeperOptions } from '../coordinator/run-keeper.js';
import { shortModelName } from '../shared/config/resolve.js';
import { stepsPerEpoch } from '../shared/data/epoch-plan.js';
import type { Schedule } from '../shared/protocol/schedule.js';
import type { RunObserver } from '../shared/run-events.js';
import type { Conclusion } from './conclude.js';
import { decisionTeller } from './decision-teller.js';
import type { PreparedRun } from './prepare-run.js';
import type { TakenUp } from './take-up.js';

type Machine = CoordinatorOptions['config'];

/**
 * What a run has of its folder and its configuration, whoever computes it: what its coordinator is
 * told, who keeps it, what it adds up to.
 */
export class RunBooks {
  readonly keeper: RunKeeper;
  readonly #run: PreparedRun;
  readonly #path: string;
  readonly #observer: RunObserver;
  readonly #schedule: Schedule;
  readonly #taken: TakenUp;
  readonly #perEpoch: number;
  #reached: Omit<Conclusion, 'samplesHere' | 'trainingSeconds' | 'evaluationSeconds'> | null = null;
  #samples = 0;
  #seconds = 0;

  constructor(
    run: PreparedRun,
    folder: RunFolder,
    taken: TakenUp,
    schedule: Schedule,
    observer: RunObserver,
    source: Pick<RunKeeperOptions, 'times' | 'captured' | 'stored' | 'tracer'>,
  ) {
    this.#run = run;
    this.#path = folder.path;
    this.#taken = taken;
    this.#schedule = schedule;
    this.#observer = observer;
    this.#perEpoch = stepsPerEpoch(run.data.train.count, run.config.batchSize);
    this.keeper = new RunKeeper({
      ...source,
      folder,
      metrics: taken.metrics,
      observer,
      identity: run.identity,
      stepsPerEpoch: this.#perEpoch,
      done: taken.done,
      controls: schedule.controls,
      standing: taken.position.standing,
      tellDecisions: decisionTeller(run.config, this.#perEpoch),
      conclude: ({ applied, evaluation, best, ofBest, stoppedEarly }, { state }) => {
        this.#reached = { steps: applied, evaluation, state, best, ofBest, stoppedEarly };
        return Promise.resolve();
      },
    });
  }

  /** What the coordinator's machine is told, but for what hangs on where the workers are. */
  get machine(): Pick<Machine, 'run' | 'id' | 'identity' | 'folder' | 'ahead' | 'checkpointEvery'> {
    const { config, identity } = this.#run;
    const { position, term } = this.#taken;
    return {
      run: runName(identity),
      id: randomUUID(),
      identity,
      folder: {
        term,
        checkpoint: { applied: position.applied, lineage: position.lineage },
        metrics: { upTo: position.applied, lineages: new Map() },
      },
      ahead: 1,
      checkpointEvery: config.checkpointEvery ?? this.#perEpoch,
    };
  }

  /** Tells the observer that the run begins. `threads`: null where they are the workers'. */
  tellStart(threads: number | null): void {
    const { config, layout, program, data } = this.#run;
    const { steps } = this.#schedule;
    this.#observer.started({
      run: this.#path,
      model: shortModelName(config.model),
      parameters: layout.trainableLength,
      engine: program.engine,
      threads,
      steps,
      startStep: this.#taken.position.applied,
      stepsPerEpoch: this.#perEpoch,
      epochs: Math.ceil(steps / this.#perEpoch),
      samples: data.train.count,
    });
  }

  /** An optimizer step, from 0, has been taken. */
  addStep(step: number, seconds: number): void {
    this.#samples += this.#schedule.step(step).samples;
    this.#seconds += seconds;
  }

  /** null where the run ended before its last step. */
  get conclusion(): Conclusion | null {
    return (
      this.#reached && {
        ...this.#reached,
        samplesHere: this.#samples,
        trainingSeconds: this.#seconds,
        evaluationSeconds: this.keeper.evaluationSeconds,
      }
    );
  }

  /** Waits for the end; `signal` asks the coordinator for it. The metrics are closed then. */
  async untilEnded(
    coordinator: Coordinator,
    signal: AbortSignal | undefined,
    ended: () => Promise<unknown>,
    close: () => Promise<void>,
  ): Promise<Conclusion | null> {
    const stop = (): void => {
      coordinator.stop();
    };
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      await ended();
    } finally {
      signal?.removeEventListener('abort', stop);
      await close();
      await this.#taken.metrics.close();
    }
    return this.conclusion;
  }
}
