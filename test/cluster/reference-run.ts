/** One small run on real images, on one thread, and the same run in clusters beside it. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { RunSummary } from '#src/index.js';
import { cli } from '../support/cli-process.js';
import { realImages, untimedMetrics, writeImages } from '../support/small-runs.js';
import { TestCluster, type Host } from './cluster.js';

export class ReferenceRun {
  #runs = 0;

  constructor(
    readonly folder: string,
    readonly env: NodeJS.ProcessEnv,
    readonly training: readonly string[],
    readonly summary: RunSummary,
  ) {}

  get path(): string {
    return join(this.folder, 'alone');
  }

  /** A cluster that does the same run; `act` starts it and does things to it. */
  async inCluster(
    t: Test,
    act: (cluster: TestCluster) => Promise<void>,
    host?: Host,
  ): Promise<TestCluster> {
    const out = join(this.folder, `cluster-${String(++this.#runs)}`);
    const { training, env } = this;
    const cluster = new TestCluster({ training, out, env, ...(host && { host }) });
    try {
      await act(cluster);
      const end = await cluster.ended();
      if (!t.equal(end.status, 0, end.stderr)) return cluster;
      const { weightsDigest, testLoss, validationLoss, trainAccuracy } = cluster.summary;
      t.equal(weightsDigest, this.summary.weightsDigest, 'the same weights');
      t.equal(testLoss, this.summary.testLoss);
      t.equal(validationLoss, this.summary.validationLoss);
      t.equal(trainAccuracy, this.summary.trainAccuracy);
      t.same(untimedMetrics(out), untimedMetrics(this.path), 'the same metrics, each step once');
      return cluster;
    } finally {
      await cluster.stop();
    }
  }
}

/** Whatever workers decide by figures: the rate, the best weights, their average; and a model changed. */
const DECIDING = [
  ...['--learning-rate-schedule', 'plateau', '--plateau-patience', '1'],
  ...['--plateau-min-delta', '0.5', '--plateau-monitor', 'loss', '--plateau-factor', '0.5'],
  ...['--monitor', 'validationAccuracy', '--restore-best', '--ema-decay', '0.9', '--ema-warmup'],
  ...['--normalize', '--dense-units', '256,120', '--activation', 'leakyRelu'],
  ...['--weight-decay-dense', '1e-4', '--weight-decay-bias', '0'],
];

/** Trains it on one thread; `changes`: flags that win over those of the run. */
export async function referenceRun(
  t: Test,
  changes: readonly string[] = DECIDING,
): Promise<ReferenceRun> {
  const folder = t.testdir();
  const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
  const data = await writeImages(join(folder, 'data'), await realImages(790, 130));
  // Eleven steps an epoch, the last of 60 samples; 8 micro-batches a step.
  const training = [
    ...['--model', 'lenet5', '--data', data, '--steps', '40', '--batch-size', '64'],
    ...['--micro-batch', '8', '--checkpoint-every', '7', '--keep-checkpoints', '3'],
    ...['--validation', '90', ...changes],
  ];
  const command = ['train', ...training, '--out', join(folder, 'alone'), '--threads', '1'];
  const { status, stdout, stderr } = await cli([...command, '--json', '--quiet'], { env });
  if (!t.equal(status, 0, 'the run on one thread')) throw new TypeError(stderr);
  return new ReferenceRun(folder, env, training, JSON.parse(stdout) as RunSummary);
}
