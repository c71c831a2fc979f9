/** Whole training steps a second: Lockstep's full run against PyTorch DDP and tfjs. */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { fullRun, pytorch, tfjs } from '../lib/sides.mjs';

export const title = 'Whole training steps, two threads against two processes';

const MODELS = ['lenet5', 'hybrid', 'cnn2bn'];
const BATCH = 256;
const MICRO_BATCH = 128;
/** tfjs takes minutes for what the others do in seconds: smaller batches, fewer of them. */
const TFJS_BATCH = 8;

export async function run({ quick, say }) {
  const result = { batch: BATCH, microBatch: MICRO_BATCH, threads: 2, models: {} };
  for (const model of MODELS) {
    const config = { model, batch: BATCH, microBatch: MICRO_BATCH, threads: 2 };
    const sides = [];
    try {
      sides.push(await fullRun('lockstep', config));
      sides.push(await fullRun('lockstep --fast-math', { ...config, fastMath: true }));
      sides.push(await pytorch('pytorch ddp', config));
      checkSameNetwork(sides);
      const raw = await alternate(sides, quick ? { steps: 6, rounds: 3, warmUp: 3 } : { steps: 10, rounds: 7, warmUp: 5 }); // prettier-ignore
      const against = {
        'lockstep / pytorch ddp': ratio(raw, 'lockstep', 'pytorch ddp'),
        'lockstep --fast-math / pytorch ddp': ratio(raw, 'lockstep --fast-math', 'pytorch ddp'),
      };
      const about = Object.fromEntries(sides.map((side) => [side.name, side.about]));
      result.models[model] = { samplesPerSecond: medians(raw), ratios: against, about, raw };
      say(`${model}: ${describe(medians(raw))}`);
    } finally {
      for (const side of sides) await side.stop();
    }
    result.models[model].tfjs = await measureTfjs(model, quick);
    say(`${model}: tfjs ${result.models[model].tfjs.samplesPerSecond.toFixed(2)} samples/s`);
  }
  return result;
}

/** Far apart enough that turns would show nothing more. */
async function measureTfjs(model, quick) {
  const side = await tfjs('tfjs', { model, batch: TFJS_BATCH });
  try {
    const runs = [];
    for (let i = 0; i < (quick ? 1 : 2); i++) runs.push(await side.run(1));
    const seconds = Math.min(...runs.map((each) => each.seconds));
    return { batch: TFJS_BATCH, samplesPerSecond: TFJS_BATCH / seconds, about: side.about, runs };
  } finally {
    await side.stop();
  }
}

function checkSameNetwork(sides) {
  const trained = sides.map(({ name, about }) => `${name} ${about.parameters}`);
  if (new Set(sides.map(({ about }) => about.parameters)).size > 1) {
    throw new Error(`The sides train different networks; parameters: ${trained.join(', ')}`);
  }
}

function describe(figures) {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Math.round(value)}`)
    .join(', ');
}

export function table({ models }) {
  const rows = Object.entries(models).map(([model, { samplesPerSecond: s, ratios, tfjs: t }]) => [
    model,
    Math.round(s['lockstep']),
    Math.round(s['lockstep --fast-math']),
    Math.round(s['pytorch ddp']),
    t.samplesPerSecond.toFixed(1),
    `${ratios['lockstep / pytorch ddp'].median.toFixed(2)} ×`,
    `${ratios['lockstep --fast-math / pytorch ddp'].median.toFixed(2)} ×`,
  ]);
  const head = ['samples/s', 'lockstep', '--fast-math', 'PyTorch DDP', 'tfjs', 'lockstep ÷ DDP', '--fast-math ÷ DDP']; // prettier-ignore
  return { head, rows };
}
