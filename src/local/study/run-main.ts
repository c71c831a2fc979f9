/**
 * The process of one run of a study. It is told what to train by a message, and ends at once where
 * whoever started it is gone, so that no run outlives its study unseen.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRunConfig } from '../../coordinator/run-folder/run-folder.js';
import type { ConfigInput } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import type { RunObserver, RunSummary } from '../../shared/run-events.js';
import { train, type TrainInput } from '../train.js';
import type { FromRun, LastWords, RunOrder, ToRun } from './run-messages.js';

/** A run killed a moment ago may hold its folder for so long. */
const LOCK_PATIENCE_MILLIS = 30_000;
const STEP_MILLIS = 500;

const stop = new AbortController();
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToRun) => {
  if (message.kind === 'stop') stop.abort();
  else void carryOut(message.order);
});

async function carryOut(order: RunOrder): Promise<void> {
  let last: LastWords;
  try {
    last = { kind: 'done', summary: await trainPatiently(order) };
  } catch (error) {
    last =
      error instanceof LockstepError
        ? { kind: 'failed', code: error.code, message: error.message }
        : { kind: 'failed', code: 'LOCKSTEP_INTERNAL', message: (error as Error).stack ?? '' };
  }
  process.send!(last, () => process.exit(0));
}

async function trainPatiently(order: RunOrder): Promise<RunSummary> {
  const until = performance.now() + LOCK_PATIENCE_MILLIS;
  for (;;) {
    try {
      return await train({ ...(await inputOf(order)), observer, signal: stop.signal });
    } catch (error) {
      const locked = error instanceof LockstepError && error.code === 'RUN_FOLDER_LOCKED';
      if (!locked || performance.now() > until) throw error;
      await sleep(200);
    }
  }
}

/** The run anew, or on from where its folder stands. */
async function inputOf({ folder, config, threads }: RunOrder): Promise<TrainInput> {
  if (!existsSync(join(folder, 'config.json'))) return { ...config, out: folder, threads };
  const stored = (await readRunConfig(folder)) as ConfigInput;
  const { epochs } = config;
  if (typeof epochs !== 'number' || stored.epochs === epochs) return { resume: folder, threads };
  // The summary of a shorter run must not be taken for the longer one's.
  await rm(join(folder, 'summary.json'), { force: true });
  return { resume: folder, threads, epochs };
}

const tell = (message: FromRun): void => void process.send?.(message);
let toldStep = -Infinity;

const observer: RunObserver = {
  notice: (text) => {
    tell({ kind: 'notice', text });
  },
  started: (start) => {
    tell({ kind: 'started', start });
  },
  step: (record) => {
    const now = performance.now();
    if (now - toldStep < STEP_MILLIS) return;
    toldStep = now;
    tell({ kind: 'step', record });
  },
  epoch: (record) => {
    tell({ kind: 'epoch', record });
  },
  finished: () => undefined,
};
