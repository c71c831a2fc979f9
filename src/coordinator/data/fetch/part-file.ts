/**
 * Files that are not complete yet. Each has one writer, named in it; when that process is gone,
 * another takes the file over by renaming it (which one process alone can succeed at) and goes on
 * where it ended. So processes that fetch at the same time never touch each other's files, and
 * need no lock.
 *
 *   <name>.<host>.<process>-<ordinal>.part
 */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../shared/errors.js';
import { isAlive } from '../../process-alive.js';

/** Whether a process of another machine still lives cannot be asked; its files can be watched. */
const ABANDONED_AFTER_MILLIS = 10 * 60 * 1000;

let ordinal = 0;
/** Parts that this process is writing. */
const inUse = new Set<string>();

/** Takes over what an earlier process left of `name`, the longest piece first, or starts anew. */
export function claimPart(folder: string, name: string): string {
  const own = join(folder, `${name}.${hostLabel()}.${process.pid}-${++ordinal}.part`);
  const abandoned = leftOvers(folder)
    .filter((part) => part.name === name)
    .sort((a, b) => b.bytes - a.bytes);
  for (const { path } of abandoned) {
    try {
      renameSync(path, own);
      inUse.add(own);
      return own;
    } catch (error) {
      // Another process was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw cannotWrite(folder, error);
    }
  }
  inUse.add(own);
  return own;
}

/** Leaves a part to whoever claims it next. */
export function releasePart(part: string): void {
  inUse.delete(part);
}

/** Removes what is left of `name` once the file is complete. */
export function removeLeftOvers(folder: string, name: string): void {
  for (const part of leftOvers(folder)) {
    if (part.name === name) rmSync(part.path, { force: true });
  }
}

function leftOvers(folder: string): { path: string; name: string; bytes: number }[] {
  const found = [];
  for (const entry of readdirSync(folder)) {
    const match = /^(.+)\.([^.]+)\.(\d+)-\d+\.part$/.exec(entry);
    if (match === null) continue;
    const [, name, host, pid] = match as unknown as [string, string, string, string];
    const path = join(folder, entry);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const isOld = Date.now() - stat.mtimeMs > ABANDONED_AFTER_MILLIS;
    if (isAbandoned(path, host, Number(pid), isOld)) found.push({ path, name, bytes: stat.size });
  }
  return found;
}

function isAbandoned(path: string, host: string, pid: number, isOld: boolean): boolean {
  if (host !== hostLabel()) return isOld;
  return pid === process.pid ? !inUse.has(path) : !isAlive(pid);
}

/** Dots separate the parts of the name. */
function hostLabel(): string {
  return hostname().replace(/[^A-Za-z0-9-]/g, '_') || 'host';
}

export function cannotWrite(folder: string, cause: unknown): LockstepError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError('DATA_OUTPUT_FAILED', `${folder} cannot be written to: ${reason}.`, {
    cause,
    where: { folder },
    hint: 'Set LOCKSTEP_CACHE to a folder that may be written to, on a disk with room.',
  });
}
