/**
 * Recipe R1 in Lockstep: trains until the test accuracy is reached, one JSON object an epoch, as
 * ../pytorch/race.py does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { train } from '../../dist/index.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    goal: { type: 'string' },
    epochs: { type: 'string' },
  },
});
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const scratch = mkdtempSync(join(tmpdir(), 'lockstep-race-'));
const reached = new globalThis.AbortController();
let seconds = 0;
try {
  await train({
    model: 'lenet5',
    batchSize: 128,
    learningRate: 0.001,
    threads: 2,
    seed: Number(values.seed),
    epochs: Number(values.epochs),
    out: join(scratch, 'run'),
    signal: reached.signal,
    observer: {
      notice: () => undefined,
      started: () => undefined,
      finished: () => undefined,
      step: ({ stepSeconds }) => (seconds += stepSeconds),
      epoch: ({ epoch, testAccuracy }) => {
        say({ epoch, seconds, accuracy: testAccuracy });
        if (testAccuracy >= Number(values.goal)) reached.abort();
      },
    },
  });
} catch (error) {
  if (!reached.signal.aborted) throw error;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
say({ done: true });
