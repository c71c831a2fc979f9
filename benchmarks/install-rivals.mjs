#!/usr/bin/env node
/**
 * Puts PyTorch into `.cache/rivals-venv`, from wherever pip gets its packages here. Does nothing
 * where the pinned version is there. TensorFlow.js comes with `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { python, venv } from './lib/places.mjs';

const TORCH = '2.13.0';

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
