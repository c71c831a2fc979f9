import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GpuWish } from '../../shared/config/gpus.js';
import { LockstepError } from '../../shared/errors.js';
import type { Engine, EngineRefusal } from './engine.js';
import { ABSENT } from './list.js';
import { referenceEngine } from './reference/engine.js';
import { tensorflowEngine } from './tensorflow/engine.js';
import { wasmEngine } from './wasm/engine.js';

/** The engine that a run takes, and why. */
export interface EngineChoice {
  readonly engine: Engine;
  /** In one sentence, for people. */
  readonly reason: string;
}

/** What else of a configuration decides which engine fits. */
export interface EngineWishes {
  readonly gpus: GpuWish;
  readonly fastMath: boolean;
}

const NO_WISHES: EngineWishes = { gpus: null, fastMath: false };

/** In the order in which `auto` tries them, where no GPU decides. */
export const ENGINES: readonly Engine[] = [wasmEngine, tensorflowEngine, referenceEngine];

/**
 * The engine of that name. For `auto` one that can compute on GPUs here, and else the first that
 * runs here; of those that cover the model.
 *
 * Errors: ENGINE_UNKNOWN; ENGINE_UNAVAILABLE where it cannot run here, or none can;
 * ENGINE_MODEL_REFUSED where it does not cover the model; ENGINE_GPUS where GPUs were asked for, and
 * cannot be used.
 */
export async function selectEngine(
  name: string,
  model: LayersModel,
  engines: readonly Engine[] = ENGINES,
  wishes: EngineWishes = NO_WISHES,
): Promise<EngineChoice> {
  return name === 'auto' ? firstFit(model, engines, wishes) : byName(name, model, engines, wishes);
}

async function firstFit(
  model: LayersModel,
  engines: readonly Engine[],
  wishes: EngineWishes,
): Promise<EngineChoice> {
  const refusals: string[] = [];
  const withGpus = await onGpus(model, engines, wishes, refusals);
  if (withGpus !== null) return withGpus;
  for (const engine of engines) {
    const status = await engine.availability();
    const refusal = 'reason' in status ? status : engine.refuses(model);
    if (refusal === null) {
      const reason = [...refusals, `${engine.name} covers all layers of the model`].join('; ');
      return { engine, reason };
    }
    // How to get an engine that is not here; what else to do about a model is told at the end.
    const remedy = 'reason' in status ? ` (${sentencePart(status.remedy)})` : '';
    refusals.push(`not ${engine.name}: ${sentencePart(refusal.reason)}${remedy}`);
  }
  throw new LockstepError('ENGINE_UNAVAILABLE', `No engine fits: ${refusals.join('; ')}.`, {
    hint: 'See `lockstep engine list`, and docs/engines.md for the layers that each engine covers.',
  });
}

/** The first engine that computes on GPUs here; null: none does. Why others do not: `refusals`. */
async function onGpus(
  model: LayersModel,
  engines: readonly Engine[],
  { gpus: wish, fastMath }: EngineWishes,
  refusals: string[],
): Promise<EngineChoice | null> {
  if (wish === 'none') return null;
  for (const engine of engines) {
    const status = await engine.gpus?.(wish, fastMath);
    if (status === undefined) continue;
    if (!('reason' in status)) {
      const refusal = engine.refuses(model);
      if (refusal === null) return { engine, reason: `it computes on ${status.detail}` };
      if (wish !== null) refused(engine.name, refusal);
      refusals.push(`not ${engine.name} on GPUs: ${sentencePart(refusal.reason)}`);
    } else if (wish !== null) {
      gpusRefused(status);
    } else if (status.isThere) {
      const todo = `${sentencePart(status.reason)} (${sentencePart(status.remedy)})`;
      refusals.push(`not ${engine.name} on GPUs: ${todo}`);
    }
  }
  return null;
}

async function byName(
  name: string,
  model: LayersModel,
  engines: readonly Engine[],
  { gpus: wish, fastMath }: EngineWishes,
): Promise<EngineChoice> {
  const engine = engines.find((each) => each.name === name);
  if (engine === undefined) {
    const absent = ABSENT.get(name);
    if (absent !== undefined) unavailable(name, absent);
    const names = ['auto', ...engines.map((each) => each.name)].join(', ');
    throw new LockstepError('ENGINE_UNKNOWN', `There is no engine named ${name}.`, {
      hint: `Use one of ${names}.`,
    });
  }
  const status = await engine.availability();
  if ('reason' in status) unavailable(name, status);
  const refusal = engine.refuses(model);
  if (refusal !== null) refused(name, refusal);
  if (wish !== null && wish !== 'none') {
    const gpus = await engine.gpus?.(wish, fastMath);
    if (gpus === undefined) gpusRefused(processorsAlone(name));
    if ('reason' in gpus) gpusRefused(gpus);
  }
  return { engine, reason: 'as configured' };
}

const processorsAlone = (name: string): EngineRefusal => ({
  reason: `engine ${name} computes on processors alone`,
  remedy: 'Use --engine tensorflow, or --gpus none.',
});

function refused(name: string, { reason, remedy }: EngineRefusal): never {
  throw new LockstepError(
    'ENGINE_MODEL_REFUSED',
    `Engine ${name} does not take the model: ${sentencePart(reason)}.`,
    { hint: remedy },
  );
}

function gpusRefused({ reason, remedy }: EngineRefusal): never {
  throw new LockstepError(
    'ENGINE_GPUS',
    `The GPUs asked for cannot be used: ${sentencePart(reason)}.`,
    { hint: `${sentencePart(remedy)}.` },
  );
}

function unavailable(name: string, { reason, remedy }: EngineRefusal): never {
  throw new LockstepError(
    'ENGINE_UNAVAILABLE',
    `Engine ${name} cannot run here: ${sentencePart(reason)}.`,
    { hint: remedy },
  );
}

/** A sentence without its full stop. */
function sentencePart(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
