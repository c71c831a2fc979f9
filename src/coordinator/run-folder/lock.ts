import { readFileSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { LockstepError } from '../../shared/errors.js';
import { isAlive } from '../process-alive.js';
import { guarded, systemCode } from './file-errors.js';

/**
 * One process at a time works in a run folder. The lock is a file made exclusively; it names its
 * holder by process id, host and the process's own start, so that a process that happens to have
 * a dead holder's id is not taken for it.
 */
const holderSchema = z.object({
  pid: z.int().min(1),
  host: z.string(),
  /** When the process started, in the kernel's words; empty where it does not say. */
  processStart: z.string(),
  lockedAt: z.string(),
  /** The job of a batch system that it belongs to, and how often that was begun before; or null. */
  job: z
    .object({ id: z.string(), restart: z.int().min(0) })
    .nullable()
    .default(null),
});
type Holder = z.output<typeof holderSchema>;

export interface FolderLock {
  release(): Promise<void>;
}

/** How long a lock without content is believed to be in the making. */
const CREATION_MILLIS = 1000;

/**
 * Takes the lock at `path`, or takes it over from a dead process of this host with a notice.
 * @throws LockstepError RUN_FOLDER_LOCKED naming the holder.
 */
export async function acquireLock(
  path: string,
  notice: (text: string) => void,
): Promise<FolderLock> {
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    lockedAt: new Date().toISOString(),
    job: slurmJob(process.env),
  };
  if (!(await createExclusively(path, mine))) await takeOver(path, mine, notice);
  return {
    release: async () => {
      const holder = await readHolder(path);
      if (holder !== null && isSame(holder, mine)) await rm(path, { force: true });
    },
  };
}

/**
 * Replaces a stale lock. A second, short-lived lock lets one process at a time do so: without it
 * one that judged the old lock stale could remove the new one.
 */
async function takeOver(path: string, mine: Holder, notice: (text: string) => void): Promise<void> {
  const takeover = `${path}.takeover`;
  if (!(await createExclusively(takeover, mine))) {
    const rival = await settledHolder(takeover);
    if (rival !== null && !isGone(rival, mine)) throw lockedError(path, rival);
    await rm(takeover, { force: true });
    if (!(await createExclusively(takeover, mine))) {
      throw lockedError(path, await readHolder(takeover));
    }
  }
  try {
    const holder = await settledHolder(path);
    if (holder !== null && !isGone(holder, mine)) throw lockedError(path, holder);
    await rm(path, { force: true });
    if (!(await createExclusively(path, mine))) throw lockedError(path, await readHolder(path));
    const who = holder === null ? 'a process' : `process ${String(holder.pid)}`;
    const when = holder === null ? '' : ` (since ${holder.lockedAt})`;
    notice(`Took over the run folder's lock from ${who}${when}, which is gone.`);
  } finally {
    await rm(takeover, { force: true });
  }
}

async function createExclusively(path: string, holder: Holder): Promise<boolean> {
  return guarded(path, async () => {
    try {
      const file = await open(path, 'wx');
      try {
        await file.writeFile(JSON.stringify(holder));
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  });
}

/** The holder, once its creator has had time to write it; null where it died before. */
async function settledHolder(path: string): Promise<Holder | null> {
  for (;;) {
    const holder = await readHolder(path);
    if (holder !== null) return holder;
    const age = await stat(path).then(
      (stats) => Date.now() - stats.mtimeMs,
      () => Infinity,
    );
    if (age > CREATION_MILLIS) return null;
    await sleep(50);
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

const isSame = (a: Holder, b: Holder): boolean =>
  a.pid === b.pid && a.host === b.host && a.processStart === b.processStart;

/**
 * Slurm begins a job again only when nothing of its earlier life is left, on whatever host that was.
 * Its variables: sbatch(1), "OUTPUT ENVIRONMENT VARIABLES".
 */
function slurmJob(env: NodeJS.ProcessEnv): Holder['job'] {
  const id = env['SLURM_JOB_ID'];
  return id === undefined ? null : { id, restart: Number(env['SLURM_RESTART_COUNT'] ?? 0) };
}

/** Beyond an earlier life of the same job, only of this host can it be known. */
function isGone(holder: Holder, mine: Holder): boolean {
  const [before, now] = [holder.job, mine.job];
  if (before !== null && before.id === now?.id && before.restart < now.restart) return true;
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  return processStart(holder.pid) !== holder.processStart;
}

/** Boot and clock tick at which a process started (proc(5), field 22); empty off Linux. */
function processStart(pid: number): string {
  try {
    const stats = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    const ticks = stats.slice(stats.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}/${ticks}`;
  } catch {
    return '';
  }
}

function lockedError(path: string, holder: Holder | null): LockstepError {
  const who =
    holder === null
      ? 'another process, just now'
      : `process ${String(holder.pid)} on ${holder.host} since ${holder.lockedAt}`;
  return new LockstepError('RUN_FOLDER_LOCKED', `The run folder is in use by ${who}.`, {
    hint:
      holder !== null && holder.host !== hostname()
        ? `If that process is gone, delete ${path}.`
        : 'Wait for it to end, or choose another folder with --out.',
    where: { path },
  });
}
