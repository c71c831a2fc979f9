import { setTimeout as after } from 'node:timers/promises';
import { within } from '../../shared/within.js';
import type { Cluster, NamedWorker } from './read-cluster.js';
import { workerCommand, type JoinPlace } from './worker-command.js';
import { WorkerProcess } from './worker-process.js';

export interface CrewOptions {
  readonly cluster: Pick<Cluster, 'workers' | 'ssh' | 'restarts'>;
  readonly join: JoinPlace;
  readonly token: string;
  /** Whether the run has ended: a worker that ends before it is restarted, whatever its status. */
  readonly isOver: () => boolean;
  /** A line of a worker's output, or about it. */
  readonly onLine: (name: string, line: string) => void;
  /** None is left, and none will be started again. */
  readonly onDesolate: () => void;
}

const LONGEST_BACKOFF_SECONDS = 60;
const PATIENCE_MILLISECONDS = 5000;

/** All workers of a launch: started together, restarted where they die, stopped together. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #stopping = new AbortController();
  readonly #alive = new Set<WorkerProcess>();
  readonly #lives: readonly Promise<void>[];

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#lives = options.cluster.workers.map((worker) => this.#keep(worker));
    void Promise.all(this.#lives).then(() => {
      if (!this.#stopping.signal.aborted) options.onDesolate();
    });
  }

  /** Waits a little for those that end by themselves if the run is finished; then ends all. */
  async stop(isFinished: boolean): Promise<void> {
    this.#stopping.abort();
    if (isFinished) await this.#allEnded();
    for (const worker of this.#alive) worker.close();
    await this.#allEnded();
    for (const worker of this.#alive) worker.kill();
    await Promise.all(this.#lives);
  }

  async #allEnded(): Promise<void> {
    await within(PATIENCE_MILLISECONDS, Promise.all(this.#lives), undefined);
  }

  async #keep(worker: NamedWorker): Promise<void> {
    const { cluster, join, token, isOver, onLine } = this.#options;
    const { atMost, backoffSeconds } = cluster.restarts;
    const { signal } = this.#stopping;
    let pause = backoffSeconds;
    for (let restarts = 0; ; restarts++) {
      const command = await workerCommand(worker, cluster.ssh, join);
      const life = new WorkerProcess(command, token, (line) => {
        onLine(worker.name, line);
      });
      this.#alive.add(life);
      const { how, ok, lastLines } = await life.ended;
      this.#alive.delete(life);
      if (signal.aborted || (ok && isOver())) return;
      const last = lastLines.length === 0 ? 'it said nothing' : `last: ${lastLines.join(' / ')}`;
      const when = ok ? ', in the middle of the run' : '';
      const ended = `Worker ${worker.name} on ${worker.host} ended by ${how}${when}; ${last}`;
      if (restarts >= atMost) {
        onLine(worker.name, `${ended}. It was restarted ${restarts} times; no more.`);
        return;
      }
      pause = Math.min(pause, LONGEST_BACKOFF_SECONDS);
      onLine(worker.name, `${ended}. Restart ${restarts + 1} of ${atMost} in ${pause} s.`);
      await after(pause * 1000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pause *= 2;
    }
  }
}
