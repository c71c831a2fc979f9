import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import { train, type RunSummary } from '#src/index.js';
import { cli, startCli } from '../support/cli-process.js';
import { realImages, smallNet, writeImages, type SmallRun } from '../support/small-runs.js';
import { useTensorflow } from './install.js';

// The same configuration and seed on the engine tensorflow: the same bytes of weights, whatever
// number of threads computes, and however often the run was broken off.
t.setTimeout(900_000);
const images = await realImages(330, 70);
await useTensorflow();

const RUN = {
  ...{ data: images, engine: 'tensorflow', epochs: 3, seed: 3 },
  ...{ batchSize: 100, microBatch: 16, learningRate: 0.01 },
} as const satisfies Partial<SmallRun>;

const bits = ({ weightsDigest, steps, trainLoss, testLoss, testAccuracy }: RunSummary) => ({
  ...{ weightsDigest, steps, trainLoss, testLoss, testAccuracy },
});

void t.test('one, two and four threads give the same weights, losses and accuracies', async (t) => {
  const folder = t.testdir();
  const summaries: RunSummary[] = [];
  for (const threads of [1, 2, 4]) {
    const out = join(folder, String(threads));
    summaries.push(await train({ ...RUN, model: smallNet(), threads, out }));
  }
  const [one, two, four] = summaries.map(bits);
  t.equal(one!.steps, 12);
  t.same(two, one);
  t.same(four, one);
  const other = await train({
    ...{ ...RUN, seed: 4 },
    ...{ model: smallNet(), threads: 1, out: join(folder, 'seed') },
  });
  t.not(other.weightsDigest, one!.weightsDigest, 'another seed gives others');
});

void t.test('a run that was killed and resumed gives the same weights', async (t) => {
  const folder = t.testdir();
  const data = await writeImages(join(folder, 'data'), images);
  const run = ['--data', data, '--model', 'mlp', '--steps', '60', '--batch-size', '50'];
  const common = ['train', '--engine', 'tensorflow', ...run, '--checkpoint-every', '3'];
  const whole = join(folder, 'whole');
  const first = await cli([...common, '--threads', '2', '--out', whole]);
  t.equal(first.status, 0, first.stderr);
  const out = join(folder, 'broken');
  const { child, ended } = startCli([...common, '--threads', '1', '--out', out]);
  const written = (): number => {
    const folder = join(out, 'checkpoints');
    return existsSync(folder) ? readdirSync(folder).length : 0;
  };
  while (written() === 0 && child.exitCode === null) await after(10);
  child.kill('SIGKILL');
  t.equal((await ended).signal, 'SIGKILL', 'killed in the middle');
  const resumed = await cli(['train', '--resume', out, '--threads', '2']);
  t.equal(resumed.status, 0, resumed.stderr);
  const summary = (run: string) =>
    JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;
  t.equal(summary(whole).steps, 60);
  t.same(bits(summary(out)), bits(summary(whole)));
});

void t.test('dropout, labels and batch norm are those of the other engines', async (t) => {
  const folder = t.testdir();
  const of = (engine: 'wasm' | 'tensorflow') =>
    train({ ...RUN, engine, model: smallNet(), threads: 1, out: join(folder, engine) });
  const [ours, other] = [await of('tensorflow'), await of('wasm')];
  t.not(ours.weightsDigest, other.weightsDigest);
  t.ok(
    Math.abs(ours.trainLoss! / other.trainLoss! - 1) < 1e-3,
    `${ours.trainLoss} ${other.trainLoss}`,
  );
  t.ok(Math.abs(ours.testLoss! / other.testLoss! - 1) < 1e-3, `${ours.testLoss} ${other.testLoss}`);
});
