/**
 * What many workers cost the coordinator: the full protocol over real sockets, rows made up. All
 * workers are on this machine, so the time of a step is theirs; the coordinator's is CPU time.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../lib/places.mjs';

export const title = 'The coordinator of many workers (their rows made up, all on this machine)';

const STEPS = 8;

export async function run({ quick, say }) {
  execFileSync(process.execPath, ['scripts/build.mjs', '--tests'], { cwd: repository, stdio: 'inherit' }); // prettier-ignore
  const built = (name) => import(join(repository, 'build', 'test', 'cluster', 'many', name));
  const { manyTraining } = await built('many-cluster.js');
  const { manyRun } = await built('many-run.js');
  const { joinStorm } = await built('join-storm.js');
  const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  try {
    const training = await manyTraining(scratch);
    const runs = [];
    for (const workers of quick ? [8, 32] : [8, 32, 64, 128, 256]) {
      const figures = await manyRun(scratch, training, workers, STEPS);
      say(JSON.stringify(figures));
      runs.push(figures);
    }
    const storms = [];
    for (const workers of quick ? [32] : [64, 256]) {
      const figures = await joinStorm(scratch, training, workers);
      say(JSON.stringify(figures));
      storms.push(figures);
    }
    return { steps: STEPS, runs, storms };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const milliseconds = (seconds) => `${(seconds * 1000).toFixed(0)} ms`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

export function table({ runs, storms }) {
  return {
    head: ['workers', 'CPU a step', 'a step takes', 'bytes a step or heartbeat', 'for each worker', 'memory', 'start to first step', 'lost'], // prettier-ignore
    rows: [
      ...runs.map((each) => [
        each.workers,
        milliseconds(each.cpuSecondsAStep),
        milliseconds(each.stepSeconds),
        kilobytes(each.bytesARound),
        `${(each.bytesARound / each.workers).toFixed(0)} B`,
        megabytes(each.mostMemoryBytes),
        `${each.joinSeconds.toFixed(1)} s`,
        each.lost,
      ]),
      ...storms.map((each) => [
        `${each.joined} join at once, in ${each.views} views`,
        `${each.cpuSeconds.toFixed(1)} s in all`,
        '',
        `${megabytes(each.bytes)} in all`,
        kilobytes(each.bytes / each.joined),
        megabytes(each.mostMemoryBytes),
        `${each.seconds.toFixed(1)} s`,
        each.lost,
      ]),
    ],
  };
}
