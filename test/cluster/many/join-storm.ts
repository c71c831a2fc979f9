import { setTimeout as after } from 'node:timers/promises';
import { clusterStatus } from '#src/local/cluster-status.js';
import { lostIn, ManyCluster } from './many-cluster.js';
import { usageOf } from './usage.js';

export interface StormFigures {
  /** That joined a run at work, all at once. */
  readonly joined: number;
  /** Until all of them were members, and a step was made with all. */
  readonly seconds: number;
  /** Views that it took to let them in. */
  readonly views: number;
  /** Of the coordinator, in that time. */
  readonly cpuSeconds: number;
  readonly bytes: number;
  readonly mostMemoryBytes: number;
  /** Workers that were taken for lost. */
  readonly lost: number;
}

const PATIENCE_MILLISECONDS = 600_000;

/** A run with one worker; then `workers` more come at the same time. */
export async function joinStorm(
  folder: string,
  training: readonly string[],
  workers: number,
): Promise<StormFigures> {
  const endless = ['--steps', '100000', '--checkpoint-every', '100000', '--evaluate-every', '0'];
  const all = [...training, ...endless];
  const many = new ManyCluster(folder, all, `storm-${String(workers)}`);
  const { cluster } = many;
  const status = () => clusterStatus(cluster.url, cluster.tokenFile);
  try {
    await cluster.coordinate();
    many.work(1);
    await cluster.reached(2);
    const before = usageOf(cluster.coordinatorPid);
    const { view } = await status();
    many.work(workers);
    const until = performance.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      const now = await status();
      const members = now.workers.filter(({ role }) => role === 'member');
      if (members.length === workers + 1) {
        await cluster.reached(now.stable + 2);
        const later = usageOf(cluster.coordinatorPid);
        return {
          joined: workers,
          seconds: later.at - before.at,
          views: now.view - view,
          cpuSeconds: later.cpuSeconds - before.cpuSeconds,
          bytes: later.written - before.written,
          mostMemoryBytes: later.mostMemoryBytes,
          lost: lostIn((await cluster.killCoordinator()).stdout),
        };
      }
      if (performance.now() > until) {
        throw new TypeError(`${String(members.length)} of ${String(workers + 1)} are members.`);
      }
      await after(100);
    }
  } finally {
    await many.stop();
  }
}
