/**
 * Accuracy of the reference recipe R1: LeNet-5-like network on Fashion-MNIST, Adam 0.001, batch
 * 128, 10 epochs. Seeds are fixed beforehand, the last epoch counts, every run is given.
 *
 * Takes most of an hour on two cores. A seed that has been measured is not measured again, and one
 * that was interrupted goes on from its checkpoint; delete benchmarks/results/r1 to start over.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineChart } from '../lib/chart.mjs';
import { cli, resultsFolder, runsFolder } from '../lib/places.mjs';
import { machine, versions, writeResult } from '../lib/record.mjs';
import { median } from '../lib/statistics.mjs';

export const title =
  'R1: accuracy after 10 epochs, five seeds (wanted: test 92.37 %, train 95.08 %)';

const SEEDS = [1, 2, 3, 4, 5];
const RECIPE = { model: 'lenet5', epochs: 10, 'batch-size': 128, 'learning-rate': 0.001 };

export async function run({ say }) {
  const folder = join(resultsFolder, 'r1');
  const runs = [];
  for (const seed of SEEDS) {
    const file = join(folder, `seed-${seed}.json`);
    if (!existsSync(file)) {
      const started = {
        date: new Date().toISOString(),
        machine: await machine(),
        versions: versions(),
      };
      const out = join(runsFolder, `r1-seed-${seed}`);
      writeResult(`r1/seed-${seed}`, { seed, ...started, ...trainSeed(seed, out, say) });
      rmSync(out, { recursive: true, force: true });
    }
    const result = JSON.parse(readFileSync(file, 'utf8'));
    runs.push(result);
    const { testAccuracy, trainAccuracy } = result.summary;
    say(`seed ${seed}: test ${percent(testAccuracy)}, train ${percent(trainAccuracy)}`);
  }
  writeCurves(folder, runs);
  const of = (key) => runs.map(({ summary }) => summary[key]);
  return {
    recipe: RECIPE,
    seeds: SEEDS,
    testAccuracy: of('testAccuracy'),
    trainAccuracy: of('trainAccuracy'),
    weightsDigest: of('weightsDigest'),
    medianTestAccuracy: median(of('testAccuracy')),
    medianTrainAccuracy: median(of('trainAccuracy')),
  };
}

/** Trains one seed to the end, from its checkpoint where there is one. */
function trainSeed(seed, out, say) {
  const begun =
    existsSync(join(out, 'checkpoints')) && readdirSync(join(out, 'checkpoints')).length > 0;
  const flags = Object.entries({ ...RECIPE, seed, out }).flatMap(([key, value]) => [`--${key}`, String(value)]); // prettier-ignore
  if (!existsSync(join(out, 'summary.json'))) {
    // A folder without a checkpoint has nothing to go on from: start in a folder of its own.
    if (!begun) rmSync(out, { recursive: true, force: true });
    say(begun ? `seed ${seed} goes on` : `seed ${seed} starts`);
    mkdirSync(runsFolder, { recursive: true });
    const args = ['train', ...(begun ? ['--resume', out] : flags), '--quiet'];
    const { status } = spawnSync(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] }); // prettier-ignore
    if (status !== 0) throw new Error(`lockstep ${args.join(' ')} ended with status ${status}`);
  }
  const records = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const epochs = records.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'epoch');
  return { epochs, summary: JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) };
}

function writeCurves(folder, runs) {
  const curves = (key, scale) =>
    runs.map(({ seed, epochs }) => ({
      name: `seed ${seed}`,
      points: epochs.filter((each) => each[key] !== null).map((each) => [each.epoch, each[key] * scale]), // prettier-ignore
    }));
  const charts = {
    'test-accuracy': ['Test accuracy (%)', curves('testAccuracy', 100)],
    'train-accuracy': [
      'Train accuracy over the epoch, in training mode (%)',
      curves('accuracy', 100),
    ],
    'test-loss': ['Test loss', curves('testLoss', 1)],
    'train-loss': ['Train loss over the epoch, in training mode', curves('loss', 1)],
  };
  for (const [name, [label, series]] of Object.entries(charts)) {
    writeFileSync(
      join(folder, `${name}.svg`),
      lineChart({ title: label, xLabel: 'epoch', series }),
    );
  }
}

export function table(result) {
  const row = (name, values, middle) => [name, ...values.map(percent), percent(middle)];
  return {
    head: ['last epoch', ...result.seeds.map((seed) => `seed ${seed}`), 'median'],
    rows: [
      row('test', result.testAccuracy, result.medianTestAccuracy),
      row('train', result.trainAccuracy, result.medianTrainAccuracy),
    ],
    after:
      '![](r1/test-accuracy.svg) ![](r1/train-accuracy.svg) ![](r1/test-loss.svg) ![](r1/train-loss.svg)',
  };
}

function percent(share) {
  return `${(share * 100).toFixed(2)} %`;
}
