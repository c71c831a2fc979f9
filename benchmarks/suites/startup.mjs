/** From the command to the end of the first training step, caches warm. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cli } from '../lib/places.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Command to first step, warm cache (wanted: at most 1.5 s)';

export async function run({ quick, say }) {
  await firstStep(); // Warms the caches of files and of compiled code.
  const seconds = [];
  for (let i = 0; i < (quick ? 3 : 11); i++) seconds.push(await firstStep());
  say(`${median(seconds).toFixed(2)} s`);
  return { command: 'lockstep train', seconds, median: median(seconds) };
}

/** Seconds from the start of the process to the first step's line in metrics.jsonl. */
async function firstStep() {
  const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const out = join(scratch, 'run');
  const began = performance.now();
  const child = spawn(process.execPath, [cli, 'train', '--out', out], { stdio: ['ignore', 'ignore', 'pipe'] }); // prettier-ignore
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    for (;;) {
      if (stepsIn(join(out, 'metrics.jsonl'))) return (performance.now() - began) / 1000;
      if (child.exitCode !== null) throw new Error(`lockstep train ended: ${log}`);
      if (performance.now() - began > 60_000) throw new Error(`no step in a minute: ${log}`);
      await sleep(5);
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(scratch, { recursive: true, force: true });
  }
}

function stepsIn(file) {
  try {
    return readFileSync(file, 'utf8').includes('"step"');
  } catch {
    return false;
  }
}

export function table({ seconds, median: middle }) {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  const row = [middle, least, most].map((value) => `${value.toFixed(2)} s`);
  return { head: ['runs', 'median', 'fastest', 'slowest'], rows: [[seconds.length, ...row]] };
}
