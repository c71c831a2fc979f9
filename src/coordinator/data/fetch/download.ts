/** Fetches one published file over HTTP: resumed where it broke off, checked, put in place. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishedFile } from '../../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../../shared/errors.js';
import { putInPlace } from '../atomic-file.js';
import { HttpError, httpGet, type HttpLimits } from './http-get.js';
import { cannotWrite, claimPart, releasePart, removeLeftOvers } from './part-file.js';
import { verifyPublished } from './verify-published.js';

export interface DownloadLimits extends HttpLimits {
  /** Tries in a row that may bring less than `leastBytes`. */
  readonly tries: number;
  /** Tries in all, for a connection that breaks off again and again. */
  readonly mostTries: number;
  /** Before the second try; doubled before each further one. */
  readonly pauseMillis: number;
}

/**
 * A server that does not answer costs `connectMillis`; one that stops sending, twice
 * `stallMillis` a try: in all 5 s and about a minute at most.
 */
export const DOWNLOAD_LIMITS: DownloadLimits = {
  connectMillis: 5_000,
  stallMillis: 10_000,
  leastBytes: 4_096,
  tries: 3,
  mostTries: 20,
  pauseMillis: 500,
};

export interface Download {
  /** Folder of the published files, with a slash at its end. */
  readonly base: URL;
  readonly file: PublishedFile;
  /** Where the complete file goes. */
  readonly folder: string;
  readonly limits: DownloadLimits;
  /** Length so far, and in all. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** @throws LockstepError; a part that may be gone on with is kept, a wrong one is not */
export async function download(job: Download): Promise<void> {
  const part = claimPart(job.folder, job.file.name);
  try {
    await downloadInto(job, part);
  } finally {
    releasePart(part);
  }
}

async function downloadInto(job: Download, part: string): Promise<void> {
  const { file, folder, limits } = job;
  let resumed = sizeOf(part) > 0;
  let idle = 0;
  for (let tries = 1; ; tries++) {
    const before = sizeOf(part);
    try {
      await receive(job, part);
      verifyPublished(part, file);
      putInPlace(part, join(folder, file.name));
      removeLeftOvers(folder, file.name);
      return;
    } catch (error) {
      if (!(error instanceof LockstepError)) throw cannotWrite(folder, error);
      if (error instanceof HttpError) {
        idle = sizeOf(part) - before >= limits.leastBytes ? 0 : idle + 1;
        const hasContact = before > 0 || tries > 1;
        if (error.failure === 'refused') throw error;
        if (error.failure === 'unreachable' && !hasContact) throw error;
        if (error.failure === 'range') rmSync(part, { force: true });
      } else {
        // Wrong bytes. What an earlier process left may be to blame, so that is tried without.
        rmSync(part, { force: true });
        if (!resumed) throw error;
        resumed = false;
      }
      if (idle >= limits.tries || tries >= limits.mostTries) throw error;
      await sleep(limits.pauseMillis * (1 << idle));
    }
  }
}

async function receive({ base, file, limits, onProgress }: Download, part: string): Promise<void> {
  const descriptor = openSync(part, 'a');
  try {
    let done = sizeOf(part);
    let total = file.gzipBytes;
    await httpGet({
      url: new URL(file.name, base),
      fromByte: done,
      limits,
      onStart: ({ fromByte, totalBytes }) => {
        // A server that does not know ranges sends all of it.
        if (fromByte < done) ftruncateSync(descriptor, fromByte);
        done = fromByte;
        total = totalBytes ?? total;
      },
      onBytes: (bytes) => {
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
        done += bytes.length;
        onProgress(done, total);
      },
    });
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
