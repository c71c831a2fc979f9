/**
 * Whole training steps on one thread: the product's own thread phases, kernels and reduction, with
 * neither TensorFlow.js nor anything of Node, so that it runs in a page as well.
 */
import { EpochOrders } from '#src/shared/data/epoch-orders.js';
import { stepsPerEpoch } from '#src/shared/data/epoch-plan.js';
import type { ImageSet } from '#src/shared/data/image-set.js';
import { learningRateAt } from '#src/shared/numerics/learning-rate.js';
import { microBatchCount } from '#src/shared/numerics/micro-batches.js';
import {
  biasCorrections,
  momentNames,
  needsNorms,
} from '#src/shared/numerics/optimizer-settings.js';
import { averageRate } from '#src/shared/numerics/weight-average.js';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import type { WasmProgram } from '#src/worker/engine/wasm/program.js';
import { allocateArena, planArena, rowAddress } from '#src/worker/threads/arena.js';
import { allocateControl, openControl, VALUE } from '#src/worker/threads/control.js';
import { floatEnvironmentFault } from '#src/worker/threads/float-environment.js';
import { squareSumWords } from '#src/worker/threads/blocks.js';
import { apply } from '#src/worker/threads/phases/apply.js';
import { combine } from '#src/worker/threads/phases/combine.js';
import { compute } from '#src/worker/threads/phases/compute.js';
import { REDUCED, rowSlots } from '#src/worker/threads/row-schedule.js';
import { openThread } from '#src/worker/threads/thread-state.js';
import { THREAD, threadWord } from '#src/worker/threads/control.js';
import type { GoldenCase, GoldenResult } from './fixture.js';

export async function goldenRun(
  golden: GoldenCase,
  set: ImageSet,
  initialWeights: Float32Array,
): Promise<GoldenResult> {
  const { layout, program, optimizer, batchSize, microBatch, average } = golden;
  const perEpoch = stepsPerEpoch(set.count, batchSize);
  const samplesOf = (step: number): number =>
    Math.min(batchSize, set.count - (step % perEpoch) * batchSize);
  const counts = Array.from({ length: perEpoch }, (_, step) =>
    microBatchCount(samplesOf(step), microBatch),
  );
  const arenaPlan = planArena({
    layout,
    average: average !== null,
    moments: momentNames(optimizer).length,
    squareSums: needsNorms(optimizer) ? squareSumWords(layout) : 0,
    threads: 1,
    rowsPerThread: rowSlots(counts, 1, false),
    engineSharedBytes: program.memory.sharedBytes,
    engineThreadBytes: program.memory.threadBytes,
  });
  const arena = allocateArena(arenaPlan);
  const weights = new Float32Array(arena.buffer, arenaPlan.weights, layout.weightsLength);
  weights.set(initialWeights);
  const averaged =
    average && new Float32Array(arena.buffer, arenaPlan.average, layout.weightsLength);
  averaged?.set(initialWeights);
  const buffer = allocateControl(1);
  const control = openControl(buffer, 1);
  const orders = new EpochOrders(golden.seed, set.count);
  const { build } = (program.payload as WasmProgram).kernels;
  const thread = await openThread(
    {
      thread: 0,
      threads: 1,
      sequence: 0,
      control: buffer,
      board: null,
      arena,
      arenaPlan,
      layout,
      optimizer,
      program,
      engineModule: import.meta.resolve('#src/worker/engine/wasm/load.js'),
      kernels: (await loadKernels(build)).module,
      sets: [set],
      kept: [null],
      augmentation: golden.augmentation,
      seed: golden.seed,
      orders: orders.buffers,
      microBatch,
      evaluation: {
        losses: new Float32Array(0),
        correct: new Int32Array(0),
        probabilities: new Float32Array(0),
      },
      fusesMultiplyAdd: build === 'relaxed',
      hook: null,
    },
    control,
  );
  const fault = floatEnvironmentFault(thread.kernels, build === 'relaxed');
  if (fault !== null) throw new Error(`this engine's arithmetic: ${fault}`);

  const corrections = biasCorrections(optimizer);
  const lossSums: number[] = [];
  const correct: number[] = [];
  for (let step = 0; step < golden.steps; step++) {
    const epoch = Math.floor(step / perEpoch);
    const samples = samplesOf(step);
    const microBatches = microBatchCount(samples, microBatch);
    const [correction1 = 1, correction2 = 1] = corrections.map((each) => each.after(step + 1));
    const asked = {
      step,
      epoch,
      source: orders.place(epoch),
      first: (step % perEpoch) * batchSize,
      samples,
      microBatches,
      learningRate: learningRateAt(golden.learningRate, step),
      correction1,
      correction2,
      averageRate: average === null ? 0 : averageRate(average, step + 1),
      cuts: 0,
    };
    for (const [name, value] of Object.entries(asked)) {
      control.values[VALUE[name as keyof typeof asked]] = value;
    }
    control.values[VALUE.cuts + 1] = microBatches;
    for (const phase of [compute, combine, apply]) {
      if (!(await phase(thread, step + 1))) throw new Error(`step ${step} was given up`);
    }
    const row = rowAddress(arenaPlan, REDUCED) + layout.lossOffset * 4;
    lossSums.push(new Float32Array(arena.buffer, row, 1)[0]!);
    correct.push(control.words[threadWord(0, THREAD.correct)]!);
  }
  const weightsDigest = await sha256(weights);
  const digests = averaged === null ? {} : { averageDigest: await sha256(averaged) };
  return { weightsDigest, ...digests, lossSums, correct };
}

async function sha256(values: Float32Array): Promise<string> {
  // Digests are taken of memory that is not shared.
  const digest = await globalThis.crypto.subtle.digest('SHA-256', values.slice());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
