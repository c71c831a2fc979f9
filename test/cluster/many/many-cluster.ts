/** A real coordinator, and many workers that make their rows up, in few processes. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess, type StartedProcess } from '../../support/cli-process.js';
import { realImages, writeImages } from '../../support/small-runs.js';
import { TestCluster } from '../cluster.js';

const WORKERS = fileURLToPath(new URL('workers-process.js', import.meta.url));
/** Micro-batches of a step: one for each of as many workers. */
const MICRO_BATCHES = 256;

/** The flags of a run of a small model, whose rows travel in few segments. Data go into `folder`. */
export async function manyTraining(folder: string): Promise<readonly string[]> {
  const data = await writeImages(join(folder, 'data'), await realImages(2 * MICRO_BATCHES, 60));
  const model = join(folder, 'linear.mjs');
  writeFileSync(
    model,
    `export default ({ image, classes, tf }) => tf.sequential({ layers: [
      tf.layers.flatten({ inputShape: [image.height, image.width, image.channels] }),
      tf.layers.dense({ units: classes, activation: 'softmax' }),
    ] });`,
  );
  return [
    ...['--model', model, '--data', data, '--batch-size', String(MICRO_BATCHES)],
    ...['--micro-batch', '1', '--optimizer', 'sgd'],
  ];
}

/** Workers that a coordinator's output tells of as lost. */
export const lostIn = (output: string): number =>
  output.split(/was closed|last heard of/).length - 1;

/** Hundreds of workers on the cores of one machine take their time. */
const PATIENCE_MILLISECONDS = 600_000;

export class ManyCluster {
  readonly cluster: TestCluster;
  readonly #env: NodeJS.ProcessEnv;
  readonly #processes: StartedProcess[] = [];
  #workers = 0;

  constructor(folder: string, training: readonly string[], name: string) {
    this.#env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
    this.cluster = new TestCluster({
      training,
      out: join(folder, name),
      env: this.#env,
      patienceMillis: PATIENCE_MILLISECONDS,
    });
  }

  /** Starts so many workers more, all at once. */
  work(workers: number): void {
    const processes = Math.min(workers, availableParallelism());
    for (let i = 0; i < processes; i++) {
      const first = Math.floor((workers * i) / processes);
      const count = Math.floor((workers * (i + 1)) / processes) - first;
      const { url, tokenFile } = this.cluster;
      const args = [WORKERS, url, tokenFile, String(this.#workers + first), String(count)];
      this.#processes.push(startProcess(process.execPath, args, { env: this.#env }));
    }
    this.#workers += workers;
  }

  /** What they said on standard error; asked when they have ended. */
  async said(): Promise<string> {
    return (await Promise.all(this.#processes.map(({ ended }) => ended)))
      .map(({ stderr }) => stderr)
      .join('');
  }

  async stop(): Promise<void> {
    for (const { child } of this.#processes) child.kill('SIGKILL');
    await this.cluster.stop();
    await Promise.all(this.#processes.map(({ ended }) => ended));
  }
}
