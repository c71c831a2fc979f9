import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../../../shared/errors.js';
import { rowLayout } from '../../../shared/model/layout.js';
import type { BuildRequest, BuiltProgram, Engine, EngineRefusal } from '../engine.js';
import { asRefusal, wasmAvailability } from './availability.js';
import { loadKernels } from './module.js';
import { compilePlan } from './plan/compile.js';
import { frozenCalls } from './plan/frozen-calls.js';
import { fuseGraph } from './plan/fuse.js';
import { modelGraph, type Graph } from './plan/graph.js';
import type { Plan } from './plan/plan.js';
import type { WasmProgram } from './program.js';

/** Micro-batches of the plan that the digest of frozen layers is of: whatever those of the run, they compute the same. */
const DIGEST_BATCH = 16;

/**
 * Training kernels in WebAssembly: a model is compiled once into a plan of fused kernels over
 * planned memory. The plain build gives the same bits on every machine.
 */
export const wasmEngine: Engine = {
  name: 'wasm',
  module: new URL('./load.js', import.meta.url).href,
  patienceSeconds: 120,
  sharesMicroBatches: true,

  availability: wasmAvailability,

  refuses(model: LayersModel): EngineRefusal | null {
    try {
      compilePlan({ graph: fuseGraph(modelGraph(model)), layout: rowLayout(model), batchMax: 1 });
      return null;
    } catch (error) {
      return asRefusal(error, ['ENGINE_LAYER_UNSUPPORTED']);
    }
  },

  async build(request: BuildRequest): Promise<BuiltProgram> {
    const { model, layout, microBatch, seed, fastMath, labelSmoothing } = request;
    const graph = fuseGraph(modelGraph(model));
    const plan = compilePlan({ graph, layout, batchMax: microBatch, labelSmoothing });
    checkFit(request, graph, plan);
    const { build, sha256 } = await loadKernels(fastMath ? 'relaxed' : 'plain');
    const payload: WasmProgram = { plan, seed, kernels: { build, sha256 } };
    return {
      engine: 'wasm',
      payload,
      digest: await digest({ plan, kernels: sha256 }),
      ...(plan.frozen && {
        frozen: {
          sampleBytes: plan.frozen.sampleBytes,
          digest: await digest({
            layers: frozenLayersOf(graph, plan.frozen.nodes),
            calls: frozenCalls(compilePlan({ graph, layout, batchMax: DIGEST_BATCH })),
            kernels: sha256,
          }),
        },
      }),
      memory: { sharedBytes: plan.memory.sharedBytes, threadBytes: plan.memory.threadBytes },
    };
  },
};

/** What the layers compute, without places in memory, which the layers behind them move. */
function frozenLayersOf(graph: Graph, count: number): object {
  return [
    graph.input,
    graph.nodes.slice(0, count).map(({ operation, inputs, shape, weights }) => ({
      ...{ operation, inputs, shape, weights },
    })),
  ];
}

function checkFit({ image, classes, microBatch }: BuildRequest, { input }: Graph, plan: Plan) {
  const sizes = [image.height, image.width, image.channels];
  const given = [input.height, input.width, input.channels];
  if (sizes.some((size, axis) => size !== given[axis])) {
    throw new LockstepError(
      'ENGINE_MODEL_MISFIT',
      `The model takes images of [${given.join(', ')}], the data set has [${sizes.join(', ')}].`,
      { hint: `Give the first layer inputShape: [${sizes.join(', ')}].` },
    );
  }
  if (plan.classes !== classes) {
    throw new LockstepError(
      'ENGINE_MODEL_MISFIT',
      `The model gives ${plan.classes} class scores, the data set has ${classes} classes.`,
      { hint: `Give the last layer ${classes} units.` },
    );
  }
  if (microBatch < plan.batchMin) {
    throw new LockstepError(
      'ENGINE_BATCH_NORM_SINGLE',
      'A batch norm of the model has one value per channel and sample; alone it has no variance.',
      { hint: `Use micro-batches of at least ${plan.batchMin} samples.` },
    );
  }
}

/** SHA-256, hex, of plain data: of all that decides the bits beside the configuration. */
async function digest(data: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(data));
  const hash = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
