/** Runs schedules of faults against real clusters, and judges what comes out. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessEnd } from '../../support/cli-process.js';
import { untimedMetrics } from '../../support/small-runs.js';
import { isDeepStrictEqual } from 'node:util';
import { TestCluster, type Changes } from '../cluster.js';
import type { ReferenceRun } from '../reference-run.js';
import type { CampaignSchedule } from './schedule.js';

const HOOK = fileURLToPath(new URL('fault-hook.js', import.meta.url));

export interface Verdict {
  /** What struck, one line each: `kill · before-send piece`. */
  readonly struck: readonly string[];
  /** How often a coordinator was started, workers included those that came again. */
  readonly coordinators: number;
  readonly workers: number;
  /** Longest time between two steps in the metrics, in seconds: from a fault to the next step. */
  readonly longestGap: number;
  readonly seconds: number;
  /** null: the weights and metrics of the undisturbed run. */
  readonly complaint: string | null;
}

const MOST_RESTARTS = 6;

/** One run under a schedule. Dead coordinators and workers are started again, unharmed. */
export async function runSchedule(
  reference: ReferenceRun,
  schedule: CampaignSchedule,
  name: string,
): Promise<Verdict> {
  const out = join(reference.folder, name);
  const log = join(reference.folder, `${name}.faults`);
  const base = { ...reference.env, CAMPAIGN_LOG: log };
  const withFaults = (who: string): Changes => ({
    env: { ...base, CAMPAIGN_FAULTS: JSON.stringify(schedule.faults[who] ?? []) },
    load: HOOK,
  });
  const began = performance.now();
  const cluster = new TestCluster({ training: reference.training, out, env: base });
  let coordinators = 0;
  let workers = 0;
  const gaps = new GapWatch(cluster);
  const work = (who: string, threads: number, isFirst: boolean): void => {
    workers++;
    const options = isFirst ? withFaults(who) : {};
    const started = cluster.workWith(options, who, '--threads', String(threads));
    void started.ended.then(({ signal }) => {
      if (signal === 'SIGKILL' && !cluster.stopped && workers < MOST_RESTARTS + 4) {
        work(who, threads, false);
      }
    });
  };
  const coordinate = async (isFirst: boolean): Promise<void> => {
    coordinators++;
    const flags = ['--expect-workers', String(schedule.workers.length), '--wait', '60'];
    await cluster.coordinateWith(isFirst ? withFaults('coordinator') : {}, ...flags);
  };
  try {
    // A coordinator may die before it says where to join.
    while (coordinators < MOST_RESTARTS) {
      try {
        await coordinate(coordinators === 0);
        break;
      } catch {
        // Its folder may be half made: the next one takes it as it is.
      }
    }
    for (const { name: who, threads } of schedule.workers) work(who, threads, true);
    for (const { name: who, step } of schedule.joins) {
      void cluster.reached(step).then(
        () => {
          if (!cluster.stopped) work(who, 1, true);
        },
        () => undefined,
      );
    }
    let end = await cluster.ended();
    while (end.status !== 0 && coordinators < MOST_RESTARTS && mayGoOn(end)) {
      await after(100);
      await coordinate(false);
      end = await cluster.ended();
    }
    const complaint = end.status === 0 ? compare(reference, cluster, out) : tail(end);
    return {
      struck: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [],
      coordinators,
      workers,
      longestGap: gaps.longest,
      seconds: (performance.now() - began) / 1000,
      complaint,
    };
  } finally {
    gaps.stop();
    await cluster.stop();
  }
}

/** Killed; or ended with a clear error that leaves a checkpoint: a full disk. */
function mayGoOn({ signal, stderr }: ProcessEnd): boolean {
  return signal === 'SIGKILL' || /RUN_FOLDER_DISK_FULL|RUN_TOO_FEW_WORKERS/.test(stderr);
}

function compare(reference: ReferenceRun, cluster: TestCluster, out: string): string | null {
  const { weightsDigest } = cluster.summary;
  if (weightsDigest !== reference.summary.weightsDigest) return `other weights: ${weightsDigest}`;
  const same = isDeepStrictEqual(untimedMetrics(out), untimedMetrics(reference.path));
  return same ? null : 'other lines of metrics';
}

const tail = ({ status, signal, stderr, stdout }: ProcessEnd): string =>
  `status ${String(status)}, ${String(signal)}: ${stderr.slice(-1500)} ${stdout.slice(-1500)}`;

/** Looks at the metrics all the time: how long did the run stand still? */
class GapWatch {
  longest = 0;
  #steps = 0;
  #since = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(cluster: TestCluster) {
    this.#timer = setInterval(() => {
      const { steps } = cluster;
      if (steps === this.#steps) return;
      const now = performance.now();
      if (this.#steps > 0) this.longest = Math.max(this.longest, (now - this.#since) / 1000);
      this.#steps = steps;
      this.#since = now;
    }, 20);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
