/**
 * The kernel calls of one training step of a model, on memory of their own in this process, ready
 * to be timed one by one.
 */
import { fuseGraph } from '../../dist/worker/engine/wasm/plan/fuse.js';
import { modelGraph, INPUT } from '../../dist/worker/engine/wasm/plan/graph.js';
import { Binder } from '../../dist/worker/engine/wasm/bind.js';
import { instantiateKernels, loadKernels } from '../../dist/worker/engine/wasm/module.js';
import { engineArena } from './engine-arena.mjs';

/** @param {{ model: string, microBatch: number, fastMath: boolean }} config */
export async function engineStep({ model, microBatch, fastMath }) {
  const { run, setup, arenaPlan, arena } = await engineArena({
    model,
    batchSize: microBatch,
    microBatch,
    threads: 1,
    seed: 1,
    fastMath,
  });
  const { module } = await loadKernels(fastMath ? 'relaxed' : 'plain');
  const kernels = instantiateKernels(module, arena);
  const { plan } = setup.program.payload;
  const [thread] = arenaPlan.threads;
  const regions = {
    arena,
    weights: arenaPlan.weights,
    shared: arenaPlan.engineShared,
    thread: thread.engine,
  };
  const { staged, imageBytes } = plan;
  const binder = new Binder({ kernels, regions, staged, imageBytes, seed: 1 });
  const phase = (name, calls) =>
    binder.bind(calls).map((bound, i) => ({ ...bound, phase: name, name: calls[i].kernel, node: calls[i].node })); // prettier-ignore
  const calls = [
    ...phase('prepare', plan.prepare),
    ...phase('forward', plan.forward),
    ...plan.backward.flatMap((stage) => phase('backward', stage.calls)),
  ];
  stage(arena, regions.thread, plan, run.data.train, microBatch);
  for (const [kind, value] of Object.entries({ part: 0, parts: 1, batch: microBatch, size: microBatch, add: 0, step: 0 })) binder.fill(kind, value); // prettier-ignore
  binder.fill('row', thread.rows);
  binder.fillPlaces(regions.thread, 0);
  binder.fillMomentumTerms(0, 1);
  return {
    kernels,
    memory: arena,
    calls: [...calls, ...optimizer(kernels, run, arenaPlan, microBatch)],
    nodes: describeNodes(fuseGraph(modelGraph(run.model)), microBatch),
  };
}

function stage(arena, region, { staged }, set, count) {
  const bytes = set.pixels.length / set.count;
  const at = (offset) => region + offset;
  new Uint8Array(arena.buffer, at(staged.pixels)).set(set.pixels.subarray(0, count * bytes));
  new Uint16Array(arena.buffer, at(staged.labels)).set(set.labels.subarray(0, count));
  new Uint32Array(arena.buffer, at(staged.samples)).set(Uint32Array.from({ length: count }, (_, i) => i)); // prettier-ignore
}

/** What a step does to the row besides: the scan, the digest, and Adam. */
function optimizer(kernels, { layout }, arenaPlan, samples) {
  const [{ rows }] = arenaPlan.threads;
  const [m, v] = arenaPlan.moments;
  const call = (name, ...args) => ({ phase: 'update', name, kernel: kernels[name], args });
  return [
    call('firstNonFinite', rows, layout.rowLength),
    call('digestSlice', rows, layout.rowLength, 0),
    call('adamStep', arenaPlan.weights, rows, m, v, 0, layout.trainableLength, samples, 0.001, 0.9, 0.999, 1e-7, 0.1, 0.001, 0), // prettier-ignore
  ];
}

/**
 * Each node's label and its floating point operations, two a product and sum, as the textbook's
 * loops do them: for the forward pass, and for each gradient as many.
 */
function describeNodes({ nodes }, batch) {
  return nodes.map(({ label, operation, inputs: [input], shape }) => {
    const map = operation.pool?.map ?? shape;
    const taps = (operation.kernel ?? [1, 1]).reduce((a, b) => a * b);
    const pixels = map.height * map.width;
    const { height, width, channels } = input.shape;
    const products = {
      conv2d: taps * channels * map.channels * pixels,
      depthwiseConv2d: taps * map.channels * pixels,
      dense: height * width * channels * shape.channels,
    }[operation.kind];
    const forward = 2 * batch * (products ?? 0);
    const gradients = input.from === INPUT ? 1 : 2;
    return { label, kind: operation.kind, forward, backward: forward * gradients };
  });
}

/** What this machine can do, measured with the engine's own kernels on one thread. */
export function roofline({ kernels }, memory) {
  const best = (repeat, call) => {
    let least = Infinity;
    for (let round = 0; round < 15; round++) {
      const from = performance.now();
      for (let i = 0; i < repeat; i++) call();
      least = Math.min(least, (performance.now() - from) / repeat / 1000);
    }
    return least;
  };
  const bytes = memory.buffer.byteLength;
  const [a, b, c] = [1024, 1024 + 65536, 1024 + 262144];
  new Float32Array(memory.buffer, 1024, 262144).fill(0.5);
  const [rows, columns, depth] = [64, 64, 64];
  const product = best(200, () => kernels.gemmRows(a, 16, 17 * 64, b, depth * 16, c, 16, 17 * 64, rows, columns, depth, 0, 0)); // prettier-ignore
  // Copies of vectors: half is read, half written.
  const copy = (length) => {
    const half = Math.floor(Math.min(length, bytes - 4096) / 2 / 64) * 64;
    const repeat = Math.max(1, Math.round(2e7 / half));
    return (2 * half) / best(repeat, () => kernels.copy(1024, 1024 + half, 1, half / 16));
  };
  return {
    productGigaflops: (2 * rows * columns * depth) / product / 1e9,
    secondCacheGigabytes: copy(512 * 1024) / 1e9,
    memoryGigabytes: copy(256 * 1024 * 1024) / 1e9,
  };
}
