/**
 * Lockstep as its users run it, as a contender: one `train` call on the real data, everything
 * included (data set, step machine, metrics, checkpoints), which pauses between commands.
 *
 * The run tells its observer of every step; when the asked-for steps are done, the observer blocks
 * the main thread until the next command. Threads may be one step ahead by then, so the first
 * step after a pause is not timed.
 */
import { mkdtempSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { train } from '../../dist/index.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    batch: { type: 'string' },
    'micro-batch': { type: 'string' },
    threads: { type: 'string' },
    'fast-math': { type: 'boolean', default: false },
    engine: { type: 'string', default: 'auto' },
    seed: { type: 'string', default: '1' },
  },
});

const say = (message) => writeSync(1, `${JSON.stringify(message)}\n`);
const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
const quit = () => {
  rmSync(scratch, { recursive: true, force: true });
  process.exit(0);
};

/** Blocks until the next command; returns its number of steps. */
function command() {
  const buffer = Buffer.alloc(256);
  let text = '';
  while (!text.includes('\n')) {
    const bytes = readSync(0, buffer);
    if (bytes === 0) quit();
    text += buffer.toString('utf8', 0, bytes);
  }
  if (text.startsWith('quit')) quit();
  return Number(text.split(/\s+/)[1]);
}

let left = 0;
/** Of the steps being timed; null before the first step after a pause has ended. */
let timed = null;
const observer = {
  notice: () => undefined,
  epoch: () => undefined,
  finished: () => undefined,
  started: ({ parameters, engine, threads }) => {
    say({ ready: true, ...values, parameters, engine, threads });
  },
  step: ({ samples }) => {
    const now = performance.now();
    if (left > 0 && timed === null) {
      timed = { samples: 0, from: now };
      return;
    }
    if (left > 0) {
      timed.samples += samples;
      left -= 1;
      if (left > 0) return;
      const rss = process.memoryUsage.rss();
      say({ seconds: (now - timed.from) / 1000, samples: timed.samples, rss });
    }
    left = command();
    timed = null;
  },
};

await train({
  model: values.model,
  batchSize: Number(values.batch),
  microBatch: Number(values['micro-batch']),
  threads: Number(values.threads),
  fastMath: values['fast-math'],
  engine: values.engine,
  seed: Number(values.seed),
  epochs: 100_000,
  evaluateEvery: 0,
  out: join(scratch, 'run'),
  observer,
});
