import { setTimeout as after } from 'node:timers/promises';
import { lostIn, ManyCluster } from './many-cluster.js';
import { usageOf, type Usage } from './usage.js';

export interface ManyFigures {
  readonly workers: number;
  readonly weightsDigest: string;
  /** From the start of the workers, all at once, to the end of the first step. */
  readonly joinSeconds: number;
  readonly joinBytes: number;
  readonly stepSeconds: number;
  /** Of the coordinator; heartbeats in it, of which there are the more the slower the steps are. */
  readonly cpuSecondsAStep: number;
  readonly bytesAStep: number;
  /** How often the coordinator had something to say to all: steps and heartbeats. */
  readonly bytesARound: number;
  readonly mostMemoryBytes: number;
  /** Lines of its output that tell of a worker lost. */
  readonly lost: number;
}

const HEARTBEAT_SECONDS = 0.25;

/** Trains `steps` steps with all `workers` from the first one on; what it costs the coordinator. */
export async function manyRun(
  folder: string,
  training: readonly string[],
  workers: number,
  steps: number,
): Promise<ManyFigures> {
  const all = [...training, '--steps', String(steps)];
  const many = new ManyCluster(folder, all, `with-${String(workers)}`);
  const { cluster } = many;
  try {
    await cluster.coordinate('--expect-workers', String(workers));
    const start = usageOf(cluster.coordinatorPid);
    many.work(workers);
    await cluster.reached(1);
    const ended = cluster.ended();
    const samples = await usageUntil(ended, () => ({
      ...usageOf(cluster.coordinatorPid),
      steps: cluster.steps,
    }));
    const { status, stdout, stderr } = await ended;
    if (status !== 0) {
      throw new TypeError(`${stderr}\n${stdout.slice(-2000)}\n${(await many.said()).slice(-2000)}`);
    }
    const [first, last] = [samples[0]!, samples.at(-1)!];
    const taken = last.steps - first.steps;
    const seconds = last.at - first.at;
    const written = last.written - first.written;
    return {
      workers,
      weightsDigest: cluster.summary.weightsDigest,
      joinSeconds: first.at - start.at,
      joinBytes: first.written - start.written,
      stepSeconds: seconds / taken,
      cpuSecondsAStep: (last.cpuSeconds - first.cpuSeconds) / taken,
      bytesAStep: Math.round(written / taken),
      bytesARound: Math.round(written / (taken + seconds / HEARTBEAT_SECONDS)),
      mostMemoryBytes: last.mostMemoryBytes,
      lost: lostIn(stdout),
    };
  } finally {
    await many.stop();
  }
}

type Sample = Usage & { readonly steps: number };

/** What the coordinator has used, from its first step to its last; what it does after that is no step. */
async function usageUntil(ended: Promise<unknown>, take: () => Sample): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let over = false;
  void ended.finally(() => (over = true));
  while (!over) {
    try {
      samples.push(take());
    } catch {
      break; // It has ended.
    }
    await after(20);
  }
  const steps = samples.at(-1)!.steps;
  return samples.filter((sample) => sample.steps < steps || sample.steps === 1);
}
