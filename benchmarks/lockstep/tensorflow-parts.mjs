/**
 * What a step of the engine `tensorflow` is made of, in one thread: seconds to compile it, and
 * which part of a step is not TensorFlow's own run. Writes one JSON object.
 *
 *   node tensorflow-parts.mjs --model lenet5 --micro-batch 128 --steps 20
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { engineArena } from '../lib/engine-arena.mjs';
import { prepareData } from '../lib/data.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    'micro-batch': { type: 'string', default: '128' },
    steps: { type: 'string', default: '20' },
  },
});
const microBatch = Number(values['micro-batch']);
await prepareData();
const { tensorflowEngine } = await import('../../dist/worker/engine/tensorflow/engine.js');
const { openLibrary } = await import('../../dist/worker/engine/tensorflow/open-library.js');

// The first build also loads the library and tfjs-node's kernels; a second one only compiles.
const config = { batchSize: microBatch, microBatch, threads: 1, seed: 1, engine: 'tensorflow' };
const { run, setup, arenaPlan, arena } = await engineArena({ model: values.model, ...config });
const request = {
  ...{ model: run.model, layout: run.layout, image: run.data.train.shape, classes: 10 },
  ...{ microBatch, seed: 1, labelSmoothing: 0, fastMath: false },
};
const compileSeconds = [];
for (let i = 0; i < 3; i++) {
  const began = performance.now();
  await tensorflowEngine.build(request);
  compileSeconds.push((performance.now() - began) / 1000);
}

// The engine loads the binding by its file: the clock goes in between.
const use = { gpus: [], fastMath: false };
const { binding, installation } = await openLibrary(process.env, use);
let inside = 0;
const timed = Object.create(binding, {
  runSavedModel: {
    value: (...args) => {
      const began = performance.now();
      const made = binding.runSavedModel(...args);
      inside += performance.now() - began;
      return made;
    },
  },
});
const load = createRequire(import.meta.url);
load.cache[join(installation.folder, 'tfjs_binding.node')].exports = timed;
const { load: loadEngine } = await import(setup.engineModule);
const [thread] = arenaPlan.threads;
const engine = await loadEngine(setup.program, {
  arena,
  weights: arenaPlan.weights,
  shared: arenaPlan.engineShared,
  thread: thread.engine,
});
const set = run.data.train;
const bytes = set.pixels.length / set.count;
const batch = {
  ...{ step: 0, index: 0, count: 1, size: microBatch },
  pixels: set.pixels.slice(0, microBatch * bytes),
  labels: set.labels.slice(0, microBatch),
  samples: Uint32Array.from({ length: microBatch }, (_, i) => i),
};
const step = () => engine.gradients(batch, thread.rows, () => undefined);
for (let i = 0; i < 3; i++) await step();
const shares = [];
const milliseconds = [];
for (let i = 0; i < Number(values.steps); i++) {
  inside = 0;
  const began = performance.now();
  await step();
  const all = performance.now() - began;
  milliseconds.push(all);
  shares.push(1 - inside / all);
}
process.stdout.write(
  `${JSON.stringify({ ...values, compileSeconds, milliseconds, outsideShares: shares })}\n`,
);
