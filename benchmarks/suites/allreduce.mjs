/** All-reduce of a row of lenet5 between processes of this machine, against PyTorch's gloo. */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { Contender } from '../lib/contender.mjs';
import { benchmark, python } from '../lib/places.mjs';

export const title = 'All-reduce of 4.3 MB between processes of this machine';

const ELEMENTS = 1_079_371 + 1473;
const RANKS = [2, 4];

export async function run({ quick, say }) {
  const result = { elements: ELEMENTS, ranks: {} };
  for (const ranks of RANKS) {
    const flags = ['--ranks', String(ranks), '--elements', String(ELEMENTS)];
    const sides = [];
    try {
      const ours = [benchmark('lockstep/allreduce.mjs'), ...flags];
      sides.push(await Contender.start('lockstep', process.execPath, ours));
      const theirs = [benchmark('pytorch/allreduce.py'), ...flags];
      sides.push(await Contender.start('gloo', python, theirs));
      const plan = quick
        ? { steps: 20, rounds: 2, warmUp: 10 }
        : { steps: 100, rounds: 9, warmUp: 50 };
      const raw = await alternate(sides, plan);
      const perSecond = medians(raw);
      const millis = Object.fromEntries(
        Object.entries(perSecond).map(([side, rate]) => [side, 1000 / rate]),
      );
      result.ranks[ranks] = { millis, timesGloo: 1 / ratio(raw, 'lockstep', 'gloo').median, raw };
      say(`${ranks}: ${millis['lockstep'].toFixed(1)} ms, gloo ${millis['gloo'].toFixed(1)} ms`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

export function table({ ranks }) {
  const rows = Object.entries(ranks).map(([count, { millis, timesGloo }]) => [
    count,
    `${millis['lockstep'].toFixed(1)} ms`,
    `${millis['gloo'].toFixed(1)} ms`,
    `${timesGloo.toFixed(2)} ×`,
  ]);
  const head = ['processes', 'lockstep', 'gloo', 'lockstep ÷ gloo'];
  const after =
    "Lockstep's time includes a checksum of every segment where it is made and where it is used, and " +
    'the digest of the sum; gloo has neither.';
  return { head, rows, after };
}
