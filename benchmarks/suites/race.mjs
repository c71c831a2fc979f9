/**
 * Time to the reference accuracy of recipe R1 (92.37 % on the test set): Lockstep on two threads and
 * PyTorch DDP in two processes, the same recipe, seed after seed, taking turns. Seconds are those of
 * training; neither side's evaluations count. Takes about half an hour: it runs when it is named.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { benchmark, dataFolder, python } from '../lib/places.mjs';
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
async function raceLockstep({ seed, goal, epochs }) {
  const args = ['--seed', seed, '--goal', goal, '--epochs', epochs].map(String);
  return curveOf(process.execPath, [benchmark('lockstep/race.mjs'), ...args], '');
}

function racePytorch({ seed, goal, epochs }) {
  const args = ['--model', 'lenet5', '--batch', '128', '--data', dataFolder, '--seed', `${seed}`];
  return curveOf(python, [benchmark('pytorch/race.py'), ...args], `race ${goal} ${epochs}\n`);
}

/** The epochs that a child tells of, a JSON object a line, to its `done`. */
async function curveOf(program, args, command) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.write(command);
  const curve = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const message = JSON.parse(line);
    if (message.done) break;
    curve.push(message);
  }
  child.stdin.end('quit\n');
  const status = await ended;
  if (status !== 0 || curve.length === 0)
    throw new Error(`${program} ${args.join(' ')}: ${status}`);
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
