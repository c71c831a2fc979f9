/**
 * Samples/s of every built-in model by engine, on two threads, against PyTorch DDP, Keras in a
 * `tf.function` and tfjs-node's `model.fit`: what decides which engine `auto` takes. And what the
 * engine `tensorflow` adds to TensorFlow: the time to compile, and the part of a step that is not
 * the session's run.
 */
import { spawnSync } from 'node:child_process';
import { alternate, medians } from '../lib/alternate.mjs';
import { MODELS, writeSpec } from '../lib/model-spec.mjs';
import { benchmark } from '../lib/places.mjs';
import { fullRun, keras, pytorch, tfjsNode } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Samples/s by engine, every built-in model, two threads';

const BATCH = 256;
const MICRO_BATCH = 128;
const SIDES = ['wasm', 'wasm --fast-math', 'tensorflow', 'PyTorch DDP', 'Keras', 'tfjs-node'];
/** Settings of the rivals that are tried before; the fastest runs against the others. */
const KERAS = [[], ['--intra', '1', '--inter', '2'], ['--intra', '2', '--inter', '1']];
const PYTORCH = [[], ['--pin'], ['--bucket-mb', '1']];

/** `ENGINES_MODELS=mlp,cnn2` measures some of them. */
const models = () => process.env.ENGINES_MODELS?.split(',') ?? MODELS;

export async function run({ quick, say }) {
  const result = { batch: BATCH, microBatch: MICRO_BATCH, threads: 2, models: {} };
  for (const model of models()) {
    const config = { model, batch: BATCH, microBatch: MICRO_BATCH, threads: 2 };
    const spec = writeSpec(model);
    const [ddp, fit] = [
      await best(PYTORCH, (flags) => pytorch('PyTorch DDP', config, [...flags, '--spec', spec]), quick), // prettier-ignore
      await best(KERAS, (flags) => keras('Keras', { batch: BATCH, spec }, flags), quick),
    ];
    const sides = [];
    try {
      sides.push(await fullRun('wasm', { ...config, engine: 'wasm' }));
      sides.push(await fullRun('wasm --fast-math', { ...config, engine: 'wasm', fastMath: true }));
      sides.push(await fullRun('tensorflow', { ...config, engine: 'tensorflow' }));
      sides.push(await ddp.start());
      sides.push(await fit.start());
      sides.push(await tfjsNode('tfjs-node', { model, batch: BATCH }));
      checkSameNetwork(sides);
      const plan = quick ? { steps: 3, rounds: 2, warmUp: 2 } : { steps: 8, rounds: 7, warmUp: 4 };
      const raw = await alternate(sides, plan);
      const about = Object.fromEntries(sides.map((side) => [side.name, side.about]));
      const parts = partsOf(model, quick ? 5 : 30);
      const tried = { 'PyTorch DDP': ddp.tried, Keras: fit.tried };
      result.models[model] = { samplesPerSecond: medians(raw), parts, tried, about, raw };
      say(`${model}: ${SIDES.map((name) => `${name} ${Math.round(medians(raw)[name])}`).join(', ')}`); // prettier-ignore
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

/** The fastest of some settings, each on its own for a few steps. */
async function best(settings, start, quick) {
  const tried = [];
  for (const flags of settings) {
    const side = await start(flags);
    try {
      await side.run(2);
      const { seconds, samples } = await side.run(quick ? 2 : 6);
      tried.push({ flags, samplesPerSecond: samples / seconds });
    } finally {
      await side.stop();
    }
  }
  const fastest = tried.reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a));
  return { tried, start: () => start(fastest.flags) };
}

function partsOf(model, steps) {
  const args = ['--model', model, '--micro-batch', String(MICRO_BATCH), '--steps', String(steps)];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [benchmark('lockstep/tensorflow-parts.mjs'), ...args],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`tensorflow-parts.mjs ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function checkSameNetwork(sides) {
  if (new Set(sides.map(({ about }) => about.parameters)).size === 1) return;
  const trained = sides.map(({ name, about }) => `${name} ${about.parameters}`);
  throw new Error(`The sides train different networks; parameters: ${trained.join(', ')}`);
}

export function table({ models }) {
  const rows = Object.entries(models).map(([model, { samplesPerSecond, parts }]) => [
    model,
    ...SIDES.map((name) => Math.round(samplesPerSecond[name])),
    `${median(parts.compileSeconds).toFixed(2)} s`,
    `${(100 * median(parts.outsideShares)).toFixed(1)} %`,
  ]);
  return {
    head: ['samples/s', ...SIDES, 'to compile', 'of a step outside of TensorFlow'],
    rows,
    after:
      'Rivals at the fastest of the settings that were tried first (in the raw figures). tfjs-node runs on the TensorFlow of the engine `tensorflow`, with its binding as published and all processors.',
  };
}
