/** The contenders by what they are: how each is started. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Contender } from './contender.mjs';
import { benchmark, dataFolder, kerasPython, python, resultsFolder } from './places.mjs';

/** @param {{ model: string, batch: number, microBatch: number, threads: number, fastMath?: boolean, engine?: string }} config */
function lockstepArgs({ model, batch, microBatch, threads, fastMath, engine }) {
  const sizes = ['--batch', batch, '--micro-batch', microBatch, '--threads', threads].map(String);
  const named = engine === undefined ? [] : ['--engine', engine];
  return ['--model', model, ...sizes, ...named, ...(fastMath === true ? ['--fast-math'] : [])];
}

export function fullRun(name, config) {
  const args = [benchmark('lockstep/full-run.mjs'), ...lockstepArgs(config)];
  return Contender.start(name, process.execPath, args);
}

/**
 * Workers of one thread; `hosts`: where they run, see lib/hosts.mjs; the coordinator on the
 * first, or on `coordinator`. `flags`: of `lockstep coordinator`.
 */
export function clusterRun(
  name,
  { model, batch, microBatch },
  hosts,
  { flags = [], coordinator = hosts[0] } = {},
) {
  const sizes = ['--batch', batch, '--micro-batch', microBatch].map(String);
  const where = { hosts, coordinator, flags };
  const args = [benchmark('lockstep/cluster-run.mjs'), '--model', model, ...sizes];
  for (const [flag, value] of Object.entries(where)) {
    args.push(`--${flag}`, JSON.stringify(value));
  }
  return Contender.start(name, process.execPath, args);
}

export function engineLoop(name, config) {
  const args = [benchmark('lockstep/engine-loop.mjs'), ...lockstepArgs(config)];
  return Contender.start(name, process.execPath, args);
}

export function inference(name, { model, threads, fastMath }) {
  const args = [
    benchmark('lockstep/inference.mjs'),
    '--model',
    model,
    '--threads',
    String(threads),
  ];
  return Contender.start(name, process.execPath, [...args, ...(fastMath ? ['--fast-math'] : [])]);
}

/** `flags`: of infer.py. */
export function pytorchInference(name, { model }, flags) {
  const args = ['--model', model, '--data', dataFolder, ...flags];
  return Contender.start(name, python, [benchmark('pytorch/infer.py'), ...args]);
}

/** `flags`: of ddp.py; what `tune` found best for the model where none are given. */
export function pytorch(name, { model, batch }, flags = tuned(model)) {
  const args = ['--model', model, '--batch', String(batch), '--data', dataFolder, ...flags];
  return Contender.start(name, python, [benchmark('pytorch/ddp.py'), ...args]);
}

export function tfjs(name, { model, batch }) {
  const args = ['--model', model, '--batch', String(batch), '--data', dataFolder];
  return Contender.start(name, process.execPath, [benchmark('tfjs/fit.mjs'), ...args]);
}

/** `flags`: of fit.py. `spec`: what model-spec.mjs has written. */
export function keras(name, { batch, spec }, flags) {
  const args = ['--spec', spec, '--batch', String(batch), '--data', dataFolder, ...flags];
  return Contender.start(name, kerasPython, [benchmark('keras/fit.py'), ...args]);
}

export function tfjsNode(name, { model, batch }) {
  const args = ['--model', model, '--batch', String(batch), '--data', dataFolder];
  return Contender.start(name, process.execPath, [benchmark('tfjs/node-fit.mjs'), ...args]);
}

/** The flags that suite `tune` wrote down; ddp.py's defaults where it has not been run. */
function tuned(model) {
  const file = join(resultsFolder, 'tune.json');
  if (!existsSync(file)) return [];
  return JSON.parse(readFileSync(file, 'utf8')).models[model]?.best.flags ?? [];
}
