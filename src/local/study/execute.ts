import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readMetrics } from '../../coordinator/run-folder/metrics-reader.js';
import { readRunConfig, readRunSummary } from '../../coordinator/run-folder/run-folder.js';
import { existsSync } from 'node:fs';
import type { ConfigInput } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import type { RunSummary } from '../../shared/run-events.js';
import type { DoneOutcome, Job, Outcome, StudyPlan } from '../../shared/study/job.js';
import type { StudyObserver } from '../../shared/study/study-events.js';
import { RunProcess, type RunEnd } from './run-process.js';
import type { StudyFolder } from './study-folder.js';
import { StudyClock } from './study-clock.js';

export interface ExecuteOptions {
  /** At most so many runs side by side; null: as many as there are processors. */
  readonly parallel: number | null;
  /** Compute threads of each run; null: the processors, divided among those side by side. */
  readonly threads: number | null;
  readonly observer: StudyObserver;
  readonly signal: AbortSignal | undefined;
}

/** A process that was killed goes on from its checkpoint so many times before its run has failed. */
const RESTARTS = 2;
/** Of memory a run, so that processors alone do not decide. */
const RUN_BYTES = 1 << 30;

interface Running {
  readonly process: RunProcess;
  readonly threads: number;
  readonly ended: Promise<unknown>;
}

/**
 * Carries a plan out: starts the runs that are due, each in a process of its own, as many side by
 * side as there is room for, and records what comes of each. Resolves when all have an outcome.
 * @throws LockstepError RUN_INTERRUPTED once `signal` is aborted and all runs have ended.
 */
export async function execute(
  plan: StudyPlan,
  folder: StudyFolder,
  { parallel, threads, observer, signal }: ExecuteOptions,
): Promise<void> {
  const processors = availableParallelism();
  const slots = parallel ?? Math.min(processors, Math.max(1, Math.floor(freeBytes() / RUN_BYTES)));
  const running = new Map<string, Running>();
  const deaths = new Map<string, number>();
  const clock = new StudyClock(plan, folder.outcomes);
  const stopAll = (): void => {
    for (const { process } of running.values()) process.stop();
  };
  signal?.addEventListener('abort', stopAll);
  const fault: { error: unknown } = { error: null };

  const start = (job: Job, ownThreads: number): void => {
    observer.runStarted(job, ownThreads);
    clock.begin(job);
    const order = { folder: folder.runPath(job.run), config: job.config, threads: ownThreads };
    const process = new RunProcess(order, (message) => {
      clock.hear(job, message);
      observer.runMessage(job, message);
      observer.progress(clock.progress(running.size));
    });
    const settle = async (end: RunEnd): Promise<void> => {
      if (end.kind === 'died' && signal?.aborted === true) return;
      const died = (deaths.get(job.id) ?? 0) + 1;
      if (end.kind === 'died' && died <= RESTARTS) {
        deaths.set(job.id, died);
        observer.notice(`Run ${job.run} died (${end.how}); it goes on from its checkpoint.`);
        return;
      }
      const outcome = await outcomeOf(end, folder.runPath(job.run));
      if (outcome === null) return;
      clock.end(job);
      await folder.record(job.id, outcome);
      observer.runEnded(job, outcome);
      observer.progress(clock.progress(running.size));
    };
    const ended = process.ended
      .then(settle)
      .catch((error: unknown) => {
        fault.error ??= error;
      })
      // Only now: until it has an outcome, it must not count as due.
      .finally(() => running.delete(job.id));
    running.set(job.id, { process, threads: ownThreads, ended });
    if (signal?.aborted === true) process.stop();
  };

  try {
    for (;;) {
      const due = plan
        .jobs(folder.outcomes)
        .filter(({ id }) => !folder.outcomes.has(id) && !running.has(id));
      if (due.length === 0 && running.size === 0) break;
      if (signal?.aborted === true || fault.error !== null) {
        if (running.size === 0) break;
        if (fault.error !== null) stopAll();
      } else {
        const found = await startDue(due, slots, running, { processors, threads }, folder, observer, start); // prettier-ignore
        if (found) continue;
      }
      if (running.size > 0) await Promise.race([...running.values()].map(({ ended }) => ended));
    }
  } finally {
    signal?.removeEventListener('abort', stopAll);
  }
  if (fault.error !== null) throw fault.error;
  if (signal?.aborted === true) {
    throw new LockstepError('RUN_INTERRUPTED', 'The study was ended before its last run.', {
      hint: 'Start the same command again: it goes on where it was.',
      where: { folder: folder.path },
    });
  }
}

/** Answers whether a job turned out to be done already: others may be due then. */
async function startDue(
  due: readonly Job[],
  slots: number,
  running: ReadonlyMap<string, Running>,
  cores: { readonly processors: number; readonly threads: number | null },
  folder: StudyFolder,
  observer: StudyObserver,
  start: (job: Job, threads: number) => void,
): Promise<boolean> {
  let found = false;
  for (const [i, job] of due.entries()) {
    const free = slots - running.size;
    if (free <= 0) break;
    const present = await presentOutcome(job, folder.runPath(job.run));
    if (present !== null) {
      // It was done when the study was killed, and not yet noted.
      await folder.record(job.id, present);
      observer.runEnded(job, present);
      found = true;
      continue;
    }
    start(job, job.threads ?? cores.threads ?? share(running, cores.processors, Math.min(free, due.length - i))); // prettier-ignore
  }
  return found;
}

/** The processors that nobody uses, divided among those about to start. */
function share(running: ReadonlyMap<string, Running>, processors: number, among: number): number {
  const used = [...running.values()].reduce((sum, { threads }) => sum + threads, 0);
  return Math.max(1, Math.min(256, Math.floor((processors - used) / among)));
}

/** null: it was interrupted, and has no outcome yet. */
async function outcomeOf(end: RunEnd, folder: string): Promise<Outcome | null> {
  switch (end.kind) {
    case 'done':
      return doneOutcome(end.summary, folder);
    case 'failed':
      return end.code === 'RUN_INTERRUPTED' ? null : end;
    case 'died':
      return {
        kind: 'failed',
        code: 'STUDY_RUN_DIED',
        message: `Its process died ${String(RESTARTS + 1)} times, at last by ${end.how}.`,
      };
  }
}

/** What a folder says of a job that is done, whoever was told of it; null where it is not. */
async function presentOutcome(job: Job, folder: string): Promise<Outcome | null> {
  if (!existsSync(join(folder, 'summary.json'))) return null;
  const { epochs } = (await readRunConfig(folder)) as ConfigInput;
  const wanted = job.config.epochs;
  if (typeof wanted === 'number' && epochs !== wanted) return null;
  return doneOutcome((await readRunSummary(folder))!, folder);
}

async function doneOutcome(summary: RunSummary, folder: string): Promise<Outcome> {
  const { validationLoss, validationAccuracy, trainLoss, trainAccuracy } = summary;
  if (
    !Number.isFinite(trainLoss) ||
    (validationLoss !== null && !Number.isFinite(validationLoss))
  ) {
    return { kind: 'failed', code: 'STEP_NOT_FINITE', message: 'Its loss at the end is not finite.' }; // prettier-ignore
  }
  const steps = (await readMetrics(folder)).filter((record) => record.kind === 'step');
  const trainingSeconds = steps.reduce((sum, { stepSeconds }) => sum + stepSeconds, 0);
  const samples = steps.reduce((sum, step) => sum + step.samples, 0);
  const done: DoneOutcome = {
    kind: 'done',
    steps: summary.steps,
    epochs: summary.epochs,
    parameters: summary.parameters,
    trainLoss,
    trainAccuracy,
    validationLoss,
    validationAccuracy,
    weightsDigest: summary.weightsDigest,
    threads: summary.threads,
    trainingSeconds,
    samplesPerSecond: trainingSeconds > 0 ? samples / trainingSeconds : 0,
  };
  return done;
}

/** What processes may still take. Node 20.13 and newer say it. */
function freeBytes(): number {
  return process.availableMemory();
}
