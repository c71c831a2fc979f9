/**
 * Time to the reference accuracy of recipe R1 (92.37 % on the test set): Lockstep on two threads and
 * PyTorch DDP in two processes, the same recipe, seed after seed, taking turns. Seconds are those of
 * training; neither side's evaluations count. Takes about half an hour: it runs when it is named.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { benchmark, cli, dataFolder, python } from '../lib/places.mjs';
import { median } from '../lib/statistics.mjs';

export const title =
  'Seconds of training to 92.37 % test accuracy: recipe R1, batch 128, two cores';

const GOAL = 0.9237;
const SEEDS = [1, 2, 3];
const EPOCHS = 12;

export async function run({ quick, say }) {
  const [goal, epochs, seeds] = quick ? [0.8, 2, [1]] : [GOAL, EPOCHS, SEEDS];
  const result = { goal, sides: { lockstep: [], 'pytorch ddp': [] } };
  for (const seed of seeds) {
    for (const [name, race] of [
      ['lockstep', raceLockstep],
      ['pytorch ddp', racePytorch],
    ]) {
      const curve = await race({ seed, goal, epochs });
      const reached = curve.find(({ accuracy }) => accuracy >= goal) ?? null;
      result.sides[name].push({ seed, reached, curve });
      say(`${name}, seed ${seed}: ${describe(reached, curve)}`);
    }
  }
  return result;
}

/** [{ epoch, seconds, accuracy }], as far as the goal or the last epoch. */
function raceLockstep({ seed, epochs }) {
  const out = mkdtempSync(join(tmpdir(), 'lockstep-race-'));
  try {
    const recipe = {
      model: 'lenet5',
      epochs,
      'batch-size': 128,
      'learning-rate': 0.001,
      threads: 2,
    };
    const flags = Object.entries({ ...recipe, seed, out: join(out, 'run') });
    const args = ['train', '--quiet', ...flags.flatMap(([key, value]) => [`--${key}`, `${value}`])];
    const { status } = spawnSync(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] }); // prettier-ignore
    if (status !== 0) throw new Error(`lockstep ${args.join(' ')} ended with status ${status}`);
    const lines = readFileSync(join(out, 'run', 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const curve = [];
    let seconds = 0;
    for (const record of lines.map((line) => JSON.parse(line))) {
      if (record.kind === 'step') seconds += record.stepSeconds;
      else if (record.kind === 'epoch') {
        curve.push({ epoch: record.epoch, seconds, accuracy: record.testAccuracy });
      }
    }
    return curve;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function racePytorch({ seed, goal, epochs }) {
  const args = ['--model', 'lenet5', '--batch', '128', '--data', dataFolder, '--seed', `${seed}`];
  const child = spawn(python, [benchmark('pytorch/race.py'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] }); // prettier-ignore
  child.stdin.write(`race ${goal} ${epochs}\n`);
  const curve = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const message = JSON.parse(line);
    if (message.done) break;
    curve.push(message);
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.end('quit\n');
  await ended;
  if (curve.length === 0) throw new Error('race.py ended before its first epoch');
  return curve;
}

function describe(reached, curve) {
  const best = Math.max(...curve.map(({ accuracy }) => accuracy));
  if (reached === null) return `not reached; best ${(best * 100).toFixed(2)} %`;
  return `${reached.seconds.toFixed(1)} s, epoch ${reached.epoch}`;
}

export function table({ sides }) {
  const rows = Object.entries(sides).map(([name, runs]) => {
    const seconds = runs.map(({ reached }) => reached?.seconds ?? Infinity);
    const middle = median(seconds);
    return [
      name,
      ...runs.map(({ reached, curve }) => describe(reached, curve)),
      Number.isFinite(middle) ? `${middle.toFixed(1)} s` : 'not reached',
    ];
  });
  const seeds = Object.values(sides)[0].map(({ seed }) => `seed ${seed}`);
  return { head: ['', ...seeds, 'median'], rows };
}
