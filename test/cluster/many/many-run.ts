/** A real coordinator, and many workers that make their rows up; what it costs the coordinator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../../support/cli-process.js';
import { TestCluster } from '../cluster.js';

const PROCESSES = 4;
const WORKERS = fileURLToPath(new URL('workers-process.js', import.meta.url));
const TICKS_A_SECOND = 100;

export interface ManyFigures {
  readonly workers: number;
  readonly weightsDigest: string;
  /** From the start of the workers, all at once, to the end of the first step. */
  readonly joinSeconds: number;
  readonly stepSeconds: number;
  /** Of the coordinator. */
  readonly cpuSecondsAStep: number;
  readonly bytesAStep: number;
  readonly mostMemoryBytes: number;
  /** Lines of its output that tell of a worker lost. */
  readonly lost: number;
}

export async function manyRun(
  folder: string,
  training: readonly string[],
  workers: number,
  steps: number,
): Promise<ManyFigures> {
  const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
  const out = join(folder, `with-${String(workers)}`);
  const all = [...training, '--steps', String(steps)];
  const cluster = new TestCluster({ training: all, out, env });
  const processes: ReturnType<typeof startProcess>[] = [];
  try {
    await cluster.coordinate('--expect-workers', String(workers));
    const began = performance.now();
    for (let i = 0; i < PROCESSES; i++) {
      const first = Math.floor((workers * i) / PROCESSES);
      const count = Math.floor((workers * (i + 1)) / PROCESSES) - first;
      const args = [WORKERS, cluster.url, cluster.tokenFile, String(first), String(count)];
      processes.push(startProcess(process.execPath, args, { env }));
    }
    await cluster.reached(1);
    const joinSeconds = (performance.now() - began) / 1000;
    const ended = cluster.ended();
    const samples = await usageUntil(ended, cluster);
    const { status, stdout, stderr } = await ended;
    if (status !== 0) {
      const said = await Promise.all(processes.map(async (each) => (await each.ended).stderr));
      throw new TypeError(`${stderr}\n${stdout.slice(-2000)}\n${said.join('').slice(-2000)}`);
    }
    const [before, last] = [samples[0]!, samples.at(-1)!];
    const taken = last.steps - before.steps;
    return {
      workers,
      weightsDigest: cluster.summary.weightsDigest,
      joinSeconds,
      stepSeconds: (last.at - before.at) / taken,
      cpuSecondsAStep: (last.cpuSeconds - before.cpuSeconds) / taken,
      bytesAStep: Math.round((last.written - before.written) / taken),
      mostMemoryBytes: last.mostMemory,
      lost: stdout.split(/was closed|last heard of/).length - 1,
    };
  } finally {
    for (const { child } of processes) child.kill('SIGKILL');
    await cluster.stop();
    await Promise.all(processes.map(({ ended }) => ended));
  }
}

/** What the coordinator has used after so many steps, until it ends. */
async function usageUntil(ended: Promise<unknown>, cluster: TestCluster) {
  const samples: (ReturnType<typeof usage> & { steps: number })[] = [];
  let over = false;
  void ended.finally(() => (over = true));
  while (!over) {
    try {
      samples.push({ ...usage(cluster.coordinatorPid), steps: cluster.steps });
    } catch {
      break; // It has ended.
    }
    await after(20);
  }
  // What it does after its last step is no step.
  return samples.filter(({ steps }) => steps < samples.at(-1)!.steps || steps === 1);
}

function usage(pid: number) {
  const proc = (name: string): string => readFileSync(`/proc/${String(pid)}/${name}`, 'utf8');
  const fields = proc('stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    at: performance.now() / 1000,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    written: Number(/wchar: (\d+)/.exec(proc('io'))![1]),
    mostMemory: Number(/VmHWM:\s+(\d+)/.exec(proc('status'))![1]) * 1024,
  };
}
