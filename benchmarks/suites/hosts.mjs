/**
 * Two hosts, one thread each, over lines of several kinds, against PyTorch DDP on the same two and
 * against two threads of one process, which need no line.
 */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { TwoHosts, whyNoHosts } from '../lib/hosts.mjs';
import { clusterRun, fullRun, pytorch } from '../lib/sides.mjs';

export const title = 'Whole training steps of lenet5 on two hosts of one thread each';

const LINES = [
  { name: 'unshaped', megabits: null, delayMillis: 0 },
  { name: '1 Gbit/s', megabits: 1000, delayMillis: 0 },
  { name: '1 Gbit/s, 20 ms', megabits: 1000, delayMillis: 20 },
  { name: '100 Mbit/s', megabits: 100, delayMillis: 0, rounds: true },
];
const CONFIG = { model: 'lenet5', batch: 256, microBatch: 128 };
/** There and back. */
const FAR_MILLIS = 20;
/** Gradients in 16 bits, where the line is slow. */
const ROUNDED = 'lockstep, 16 bits';
/** Buckets of DDP, in MB; the fastest counts. */
const BUCKETS = ['1', '25'];

export async function run({ quick, say }) {
  const reason = whyNoHosts();
  if (reason !== null) throw new Error(`No network namespaces: ${reason}.`);
  const network = new TwoHosts();
  const result = { ...CONFIG, lines: {} };
  try {
    for (const { name, ...line } of LINES) {
      await network.become(line);
      const { hosts } = network;
      const sides = [];
      try {
        sides.push(await clusterRun('lockstep', CONFIG, hosts));
        if (line.rounds)
          sides.push(await clusterRun(ROUNDED, CONFIG, hosts, { flags: ['--wire', 'float16'] }));
        sides.push(await fullRun('one process', { ...CONFIG, threads: 2 }));
        for (const megabytes of BUCKETS) {
          const called = `pytorch ddp, ${megabytes} MB`;
          const flags = ['--bucket-mb', megabytes, '--hosts', JSON.stringify(hosts)];
          sides.push(await pytorch(called, CONFIG, flags));
        }
        const plan = quick
          ? { steps: 4, rounds: 2, warmUp: 2 }
          : { steps: 10, rounds: 5, warmUp: 5 };
        const raw = await alternate(sides, plan);
        const s = medians(raw);
        const rival = Object.keys(s)
          .filter((side) => side.startsWith('pytorch'))
          .reduce((a, b) => (s[b] > s[a] ? b : a));
        result.lines[name] = {
          ...line,
          samplesPerSecond: s,
          rival,
          ratio: ratio(raw, 'lockstep', rival),
          ...(line.rounds && { ratioRounded: ratio(raw, ROUNDED, rival) }),
          bytesPerStep: await bytesPerStep(network, sides[0]),
          // Both directions of a line carry at once: half of the bytes each.
          bound: bound(line, s['one process'], sides[0].about.parameters),
          raw,
        };
        say(`${name}: ${JSON.stringify(roundAll(s))}`);
      } finally {
        for (const side of sides) await side.stop();
      }
    }
    result.farCoordinator = await farCoordinator(network, quick);
    say(`coordinator 20 ms away: ${result.farCoordinator.ratio.median.toFixed(3)} ×`);
  } finally {
    network.remove();
  }
  return result;
}

/** Both workers on one host, and their coordinator beside them or a delay away. */
async function farCoordinator(network, quick) {
  await network.become({ megabits: null, delayMillis: FAR_MILLIS });
  const [far, near] = network.hosts;
  const sides = [];
  try {
    sides.push(await clusterRun('far', CONFIG, [near, near], { coordinator: far }));
    sides.push(await clusterRun('near', CONFIG, [near, near]));
    const plan = quick ? { steps: 4, rounds: 2, warmUp: 2 } : { steps: 10, rounds: 7, warmUp: 5 };
    const raw = await alternate(sides, plan);
    return { samplesPerSecond: medians(raw), ratio: ratio(raw, 'far', 'near'), raw };
  } finally {
    for (const side of sides) await side.stop();
  }
}

/** What goes over the line for each step, both ways, acknowledgements and heartbeats included. */
async function bytesPerStep(network, side) {
  const steps = 10;
  const before = network.bytes();
  await side.run(steps);
  // Steps around those that are timed carry as much: see cluster-run.mjs.
  return Math.round((network.bytes() - before) / (steps + 2));
}

/** Samples a second where the slower of computing and sending takes all the time. */
function bound({ megabits, delayMillis }, computing, parameters) {
  if (megabits === null) return computing;
  const bytes = parameters * 4;
  const seconds = (bytes * 8) / (megabits * 1e6) + delayMillis / 1000;
  return Math.min(computing, CONFIG.batch / seconds);
}

const roundAll = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value)]));

export function table({ lines, farCoordinator: far }) {
  const rows = Object.entries(lines).map(([name, figures]) => {
    const { samplesPerSecond: s, rival, ratio: against, bytesPerStep: bytes } = figures;
    return [
      name,
      Math.round(s['one process']),
      Math.round(s['lockstep']),
      `${Math.round((100 * s['lockstep']) / figures.bound)} %`,
      `${Math.round(s[rival])} (${rival.split(', ')[1]})`,
      `${against.median.toFixed(2)} ×`,
      s[ROUNDED] === undefined
        ? ''
        : `${Math.round(s[ROUNDED])}, ${figures.ratioRounded.median.toFixed(2)} ×`,
      `${(bytes / 1e6).toFixed(2)} MB`,
    ];
  });
  const head = [
    ...['samples/s', 'two threads, one process', 'two hosts', 'of the bound'],
    ...['PyTorch DDP (buckets)', 'lockstep ÷ DDP', '--wire float16', 'bytes a step'],
  ];
  const after =
    'The bound: the slower of computing, as in one process, and sending 4 bytes a parameter at the ' +
    "line's rate with one delay. With a round trip of 20 ms between the workers and their coordinator " +
    `alone, they do ${far.ratio.median.toFixed(3)} × of what they do with it beside them.`;
  return { head, rows, after };
}
