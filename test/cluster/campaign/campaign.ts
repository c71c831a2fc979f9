/** Runs schedules of faults against real clusters, and judges what comes out. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ProcessEnd } from '../../support/cli-process.js';
import { untimedMetrics } from '../../support/small-runs.js';
import { TestCluster, type Changes } from '../cluster.js';
import type { ReferenceRun } from '../reference-run.js';
import { COORDINATOR, type Strike } from './fault.js';
import type { CampaignSchedule } from './schedule.js';

const HOOK = fileURLToPath(new URL('fault-hook.js', import.meta.url));

/** A fault that has struck, and what became of the run. */
export interface JudgedStrike extends Strike {
  /** No step had been done since the fault before. */
  readonly inRecovery: boolean;
  /** Until a step was next in the metrics; null: none was to come, or another fault came before. */
  readonly secondsToStep: number | null;
}

export interface Verdict {
  readonly struck: readonly JudgedStrike[];
  /** How many processes were started in all. */
  readonly coordinators: number;
  readonly workers: number;
  readonly seconds: number;
  /** null: the weights and metrics of the undisturbed run. */
  readonly complaint: string | null;
}

/** A run takes seconds, on a machine that has nothing else to do. */
const PATIENCE_MILLISECONDS = 240_000;

/** Faults are few: what needs more lives than these does not recover. */
const MOST_LIVES = 5;

/** One run under a schedule. Whoever dies is started again, as a user's supervisor does it. */
export async function runSchedule(
  reference: ReferenceRun,
  schedule: CampaignSchedule,
  name: string,
): Promise<Verdict> {
  const out = join(reference.folder, name);
  const log = join(reference.folder, `${name}.faults`);
  const began = performance.now();
  const { training, env } = reference;
  const cluster = new TestCluster({ training, out, env, patienceMillis: PATIENCE_MILLISECONDS });
  const lives = new Map<string, number>();
  /** Takes the next life of a process; null where it has had enough. */
  const live = (who: string): Changes | null => {
    const life = lives.get(who) ?? 0;
    if (life >= MOST_LIVES) return null;
    lives.set(who, life + 1);
    const told = {
      CAMPAIGN_LOG: log,
      CAMPAIGN_WHO: who,
      CAMPAIGN_LIFE: String(life),
      CAMPAIGN_FAULTS: JSON.stringify(schedule.faults[who]?.[life] ?? []),
    };
    return { env: { ...reference.env, ...told }, load: HOOK };
  };

  /** Workers that have ended with the run that failed, for when it is taken up again. */
  const waiting: (() => void)[] = [];
  const work = (who: string, threads: number): void => {
    const changes = live(who);
    if (changes === null) return;
    const started = cluster.workWith(changes, who, '--threads', String(threads));
    void started.ended.then(({ status, signal }) => {
      const again = (): void => {
        if (!cluster.stopped) work(who, threads);
      };
      if (signal === 'SIGKILL') again();
      else if (status !== 0) waiting.push(again);
    });
  };
  const coordinate = async (): Promise<void> => {
    // It may die before it says where to join, and leave its folder half made.
    for (;;) {
      const changes = live(COORDINATOR);
      if (changes === null) throw new TypeError('The coordinator has had all its lives.');
      const flags = ['--expect-workers', String(schedule.workers.length), '--wait', '60'];
      try {
        await cluster.coordinateWith(changes, ...flags);
        break;
      } catch (error) {
        if (error instanceof Error && error.message.includes('did not come within')) throw error;
      }
    }
    for (const again of waiting.splice(0)) again();
  };

  const watch = new StepWatch(cluster);
  const run = async (): Promise<string | null> => {
    await coordinate();
    for (const { name: who, threads } of schedule.workers) work(who, threads);
    for (const { name: who, step } of schedule.joins) {
      void cluster.reached(step).then(
        () => {
          if (!cluster.stopped) work(who, 1);
        },
        () => undefined,
      );
    }
    let end = await cluster.ended();
    while (end.status !== 0 && mayGoOn(end)) {
      await after(100);
      await coordinate();
      end = await cluster.ended();
    }
    return end.status === 0 ? compare(reference, cluster, out) : tail('coordinator', end);
  };
  let complaint: string | null;
  try {
    complaint = await run();
  } catch (error) {
    await cluster.stop();
    const ends = (await cluster.ends()).map(([who, end]) => tail(who, end));
    complaint = [error instanceof Error ? error.message : String(error), ...ends].join('\n');
  } finally {
    watch.stop();
    await cluster.stop();
  }
  const { [COORDINATOR]: coordinators = 0, ...others } = Object.fromEntries(lives);
  return {
    struck: judge(strikesIn(log), watch.times),
    coordinators,
    workers: Object.values(others).reduce((sum, count) => sum + count, 0),
    seconds: (performance.now() - began) / 1000,
    complaint,
  };
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

const tail = (who: string, { status, signal, stderr, stdout }: ProcessEnd): string =>
  `${who}: status ${String(status)}, ${String(signal)}: ${stderr.slice(-1500)} ${stdout.slice(-500)}`;

function strikesIn(log: string): Strike[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Strike).sort((a, b) => a.at - b.at);
}

function judge(strikes: readonly Strike[], steps: readonly number[]): JudgedStrike[] {
  return strikes.map((strike, i) => {
    const before = strikes[i - 1]?.at;
    const next = steps.find((at) => at > strike.at);
    const another = strikes[i + 1]?.at ?? Infinity;
    return {
      ...strike,
      inRecovery: before !== undefined && !steps.some((at) => at > before && at <= strike.at),
      secondsToStep: next === undefined || next > another ? null : (next - strike.at) / 1000,
    };
  });
}

/** When lines of steps came into the metrics, in milliseconds since 1970. */
class StepWatch {
  readonly times: number[] = [];
  #steps = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(cluster: TestCluster) {
    this.#timer = setInterval(() => {
      const { steps } = cluster;
      if (steps > this.#steps) this.times.push(Date.now());
      // Fewer: a coordinator has cut them back to its checkpoint.
      this.#steps = steps;
    }, 20);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
