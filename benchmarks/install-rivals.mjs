#!/usr/bin/env node
/**
 * Puts PyTorch into `.cache/rivals-venv`, from wherever pip gets its packages here. Does nothing
 * where the pinned version is there. TensorFlow.js comes with `npm ci`. With `--keras` also Keras
 * with TensorFlow, Lockstep's own engine `tensorflow`, and tfjs-node's binding as published,
 * compiled against the library of that engine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kerasPython, kerasVenv, python, tfjsNode, venv } from './lib/places.mjs';

const TORCH = '2.13.0';
const TENSORFLOW = '2.21.0';
const KERAS = '3.15.1';

function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  process.stderr.write(
    `${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.\n` +
      'The rival needs Python 3.10 or later with venv, and pip a package index that it can reach.\n',
  );
  process.exit(1);
}

const check = `import torch, numpy; assert torch.__version__.split("+")[0] == "${TORCH}"`;
const present = existsSync(python) && spawnSync(python, ['-c', check]).status === 0;
if (!present) {
  run('python3', '-m', 'venv', venv);
  run(python, '-m', 'pip', 'install', '--quiet', `torch==${TORCH}`, 'numpy');
  run(python, '-c', check);
}

if (process.argv.includes('--keras')) {
  const has = `import keras, tensorflow; assert tensorflow.__version__ == "${TENSORFLOW}"`;
  if (!existsSync(kerasPython) || spawnSync(kerasPython, ['-c', has]).status !== 0) {
    run('python3', '-m', 'venv', kerasVenv);
    run(
      kerasPython,
      '-m',
      'pip',
      'install',
      '--quiet',
      `tensorflow-cpu==${TENSORFLOW}`,
      `keras==${KERAS}`,
    );
    run(kerasPython, '-c', has);
  }
  await compileTfjsNode();
}

/** The source of npm's package, without Lockstep's changes. */
async function compileTfjsNode() {
  const { installTensorflow } = await import('../dist/worker/engine/tensorflow/install/install.js');
  const { installFolders } = await import('../dist/worker/engine/tensorflow/install/versions.js');
  const { requireTools } = await import('../dist/worker/engine/tensorflow/install/tools.js');
  const say = (text) => process.stderr.write(`${text}\n`);
  await installTensorflow({ from: null, env: process.env, say });
  const target = join(tfjsNode, 'tfjs_binding.node');
  if (existsSync(target)) return;
  mkdirSync(tfjsNode, { recursive: true });
  const { library } = installFolders(process.env, 'cpu');
  const { compiler, headers } = await requireTools(process.env);
  const source = join(
    dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')),
    'binding',
  );
  run(
    compiler,
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
    ...['-DNODE_GYP_MODULE_NAME=tfjs_binding', '-I', headers, '-I', join(library, 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(source, file)),
    ...['-o', target, '-L', join(library, 'lib'), '-l:libtensorflow_cc.so.2'],
    ...['-l:libtensorflow_framework.so.2', `-Wl,-rpath,${join(library, 'lib')}`],
  );
}
