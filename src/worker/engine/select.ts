import type { LayersModel } from '@tensorflow/tfjs-layers';
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

/** In the order in which `auto` tries them. */
export const ENGINES: readonly Engine[] = [wasmEngine, tensorflowEngine, referenceEngine];

/**
 * The engine of that name, or for `auto` the first that runs here and covers the model.
 *
 * Errors: ENGINE_UNKNOWN; ENGINE_UNAVAILABLE where it cannot run here, or none can;
 * ENGINE_MODEL_REFUSED where it does not cover the model.
 */
export async function selectEngine(
  name: string,
  model: LayersModel,
  engines: readonly Engine[] = ENGINES,
): Promise<EngineChoice> {
  return name === 'auto' ? firstFit(model, engines) : byName(name, model, engines);
}

async function firstFit(model: LayersModel, engines: readonly Engine[]): Promise<EngineChoice> {
  const refusals: string[] = [];
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

async function byName(
  name: string,
  model: LayersModel,
  engines: readonly Engine[],
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
  if (refusal !== null) {
    throw new LockstepError(
      'ENGINE_MODEL_REFUSED',
      `Engine ${name} does not take the model: ${sentencePart(refusal.reason)}.`,
      { hint: refusal.remedy },
    );
  }
  return { engine, reason: 'as configured' };
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
