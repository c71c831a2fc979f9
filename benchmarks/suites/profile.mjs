/** Where a training step spends its time: one thread, call by call, beside what the machine can do. */
import { engineStep, roofline } from '../lib/engine-step.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Where a step spends its time: one thread, a micro-batch of 128';

const MICRO_BATCH = 128;
const BUILDS = [
  ['plain', false],
  ['fast-math', true],
];

export async function run({ quick, say }) {
  const result = { microBatch: MICRO_BATCH, models: {} };
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    result.models[model] = {};
    for (const [build, fastMath] of BUILDS) {
      const step = await engineStep({ model, microBatch: MICRO_BATCH, fastMath });
      const profile = { ...timed(step, quick ? 5 : 25), roofline: roofline(step, step.memory) };
      result.models[model][build] = profile;
      say(`${model}, ${build}: ${profile.milliseconds.toFixed(1)} ms a step`);
    }
  }
  return result;
}

/** Medians over the rounds of each call's time; then by node and by kernel. */
function timed({ calls, nodes }, rounds) {
  const times = calls.map(() => []);
  for (let round = -2; round < rounds; round++) {
    calls.forEach(({ kernel, args }, i) => {
      const from = performance.now();
      kernel(...args);
      if (round >= 0) times[i].push(performance.now() - from);
    });
  }
  const milliseconds = times.map(median);
  const sum = (test) => milliseconds.reduce((total, ms, i) => total + (test(calls[i]) ? ms : 0), 0);
  const layers = nodes.map(({ label, kind, forward, backward }, node) => {
    const phase = (name) => sum((call) => call.node === node && call.phase === name);
    const own = { prepare: phase('prepare'), forward: phase('forward'), backward: phase('backward') }; // prettier-ignore
    const flop = forward + backward;
    const total = own.prepare + own.forward + own.backward;
    return { label, kind, ...own, gigaflops: flop > 0 ? flop / total / 1e6 : null };
  });
  const kernels = [...new Set(calls.map(({ name }) => name))]
    .map((name) => ({ name, milliseconds: sum((call) => call.name === name) }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
  const flop = nodes.reduce((total, { forward, backward }) => total + forward + backward, 0);
  const total = sum(() => true);
  return { milliseconds: total, gigaflops: flop / total / 1e6, layers, kernels };
}

export function table({ models }) {
  const rows = [];
  for (const [model, { plain }] of Object.entries(models)) {
    const share = (ms) => `${((100 * ms) / plain.milliseconds).toFixed(1)} %`;
    const heavy = plain.layers.filter(({ prepare, forward, backward }) => prepare + forward + backward > 0.01 * plain.milliseconds); // prettier-ignore
    for (const { label, prepare, forward, backward, gigaflops } of heavy) {
      const ms = [prepare, forward, backward].map((each) => each.toFixed(2));
      const speed = gigaflops === null ? '' : gigaflops.toFixed(0);
      rows.push([`${model} ${label}`, ...ms, share(prepare + forward + backward), speed]);
    }
    rows.push([`**${model}, all**`, '', '', plain.milliseconds.toFixed(1), '100 %', plain.gigaflops.toFixed(0)]); // prettier-ignore
  }
  return {
    head: ['layer', 'prepare, ms', 'forward', 'backward', 'share', 'GFLOP/s of the direct algorithm'], // prettier-ignore
    rows,
    after: afterwards(models),
  };
}

function afterwards(models) {
  const lines = Object.entries(models).map(([model, { plain }]) => {
    const top = plain.kernels.slice(0, 8).map(({ name, milliseconds }) => `\`${name}\` ${milliseconds.toFixed(1)} ms`); // prettier-ignore
    return `- ${model}, by kernel: ${top.join(', ')}`;
  });
  const bound = (build) => {
    const all = Object.values(models).map((each) => each[build].roofline);
    const best = (key) => Math.max(...all.map((each) => each[key]));
    return (
      `${best('productGigaflops').toFixed(0)} GFLOP/s in a matrix product in the first cache, ` +
      `${best('secondCacheGigabytes').toFixed(0)} GB/s from the second cache, ` +
      `${best('memoryGigabytes').toFixed(0)} GB/s from memory`
    );
  };
  return (
    `${lines.join('\n')}\n\nThe roofline of one core of this machine, measured in the same run: ` +
    `plain ${bound('plain')}; with \`--fast-math\` ${bound('fast-math')}. A layer may exceed the first: ` +
    "Winograd's algorithm needs a quarter to a half of the direct one's products, and backward " +
    'through a pool skips what has no gradient.'
  );
}
