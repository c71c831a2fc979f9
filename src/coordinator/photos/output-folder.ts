/** A folder that others see whole or not at all. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { LockstepError } from '../../shared/errors.js';
import { syncFolder } from '../data/atomic-file.js';
import { messageOf } from '../data/read-file.js';
import { isAlive } from '../process-alive.js';

/** What an import leaves in its folder: such a one may be replaced. */
export const IMPORT_RECORD = 'import.json';
/** Ends the name of an earlier import while it is replaced. */
const FORMER = '.former';

/**
 * Written under a temporary name beside `path`, of this process, and put in place by `keep`.
 * Throws DATA_OUTPUT_EXISTS where something is there, unless `force`, and an import is what is there.
 */
export class OutputFolder {
  readonly path: string;
  readonly temporary: string;

  constructor(path: string, force: boolean) {
    this.path = path;
    this.#guarded(() => {
      clearLeftOvers(path);
    });
    refuseOther(path, force);
    this.temporary = `${path}.${mark()}${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    this.#guarded(() => {
      mkdirSync(this.temporary, { recursive: true });
    });
  }

  /** Puts the folder in its place. Throws DATA_OUTPUT_FAILED. */
  keep(): void {
    this.#guarded(() => {
      syncFolder(this.temporary);
      const former = `${this.temporary}${FORMER}`;
      const isThere = existsSync(this.path);
      if (isThere) renameSync(this.path, former);
      try {
        renameSync(this.temporary, this.path);
      } catch (error) {
        if (isThere) renameSync(former, this.path);
        throw error;
      }
      syncFolder(dirname(this.path));
      if (isThere) rmSync(former, { recursive: true });
    });
  }

  /** Takes away what was written. */
  discard(): void {
    rmSync(this.temporary, { recursive: true, force: true });
  }

  #guarded(body: () => void): void {
    try {
      body();
    } catch (cause) {
      throw outputFailed(this.path, cause);
    }
  }
}

export function outputFailed(path: string, cause: unknown): LockstepError {
  return new LockstepError(
    'DATA_OUTPUT_FAILED',
    `${path} cannot be written: ${messageOf(cause)}.`,
    {
      cause,
      where: { folder: path },
      hint: 'Check that the folder may be written to, and that the disk has room.',
    },
  );
}

function refuseOther(path: string, force: boolean): void {
  if (!existsSync(path)) return;
  const isImport = existsSync(join(path, IMPORT_RECORD));
  let isEmpty = false;
  try {
    isEmpty = readdirSync(path).length === 0;
  } catch {
    // A file, or not ours to read: it is there.
  }
  if (isEmpty || (isImport && force)) return;
  throw new LockstepError('DATA_OUTPUT_EXISTS', `${path} exists already.`, {
    where: { folder: path },
    hint: isImport
      ? 'Choose another folder, or replace that import with --force.'
      : 'Choose another folder; this one is no earlier import, and is not replaced.',
  });
}

/** Processes of other machines may write into the same folder. */
const mark = (): string => `${hostname().replaceAll(/[^\w.-]/g, '_')}-`;

/**
 * What imports into this folder left behind that were killed on this machine. Where one was killed while
 * it replaced an earlier import, that is put back.
 */
function clearLeftOvers(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  const prefix = `${basename(path)}.${mark()}`;
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix))) {
    const [, pid, former] =
      /^(\d+)-[\da-f]{8}\.tmp(\.former)?$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    if (former !== undefined && !existsSync(path)) renameSync(join(folder, name), path);
    else rmSync(join(folder, name), { recursive: true });
  }
}
