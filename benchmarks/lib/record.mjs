/** Result files: figures with what they were measured on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { repository, resultsFolder } from './places.mjs';

export async function machine() {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    busyCoresAtStart: await busyCores(),
  };
}

/** Cores that other programs keep busy, over one second in which we do nothing. */
async function busyCores() {
  const before = os.cpus();
  await setTimeout(1000);
  const busy = os.cpus().map(({ times }, core) => {
    const idle = times.idle - before[core].times.idle;
    const sum = (all) => Object.values(all).reduce((a, b) => a + b, 0);
    return 1 - idle / (sum(times) - sum(before[core].times));
  });
  return busy.reduce((a, b) => a + b, 0);
}

export function versions() {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  return { lockstep: version, commit: commit(), node: process.versions.node };
}

function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: 'pipe' }).trim();
    // Results written by the suites before this one change nothing that is measured.
    const status = git(
      'status',
      '--porcelain',
      '--untracked-files=no',
      '.',
      ':!benchmarks/results',
    );
    const dirty = status === '' ? '' : ', changed';
    return `${git('rev-parse', '--short', 'HEAD')}${dirty}`;
  } catch {
    return 'unknown';
  }
}

/** Writes benchmarks/results/<processor>/<name>.json. */
export function writeResult(name, result) {
  const file = join(resultsFolder, `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  // Paths count from the repository: where it lay is nobody's business.
  const text = JSON.stringify(result, null, 2).replaceAll(repository, '');
  writeFileSync(file, `${text}\n`);
  return file;
}
