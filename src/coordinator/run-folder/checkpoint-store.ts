import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../shared/errors.js';
import { TEMPORARY_SUFFIX, writeAtomically, type FaultPoint } from './atomic-file.js';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint-format.js';
import { guarded } from './file-errors.js';

const FILE_NAME = /^step-(\d{8,})\.ckpt$/;

/** `step-00001234.ckpt` */
export const checkpointName = (step: number): string =>
  `step-${String(step).padStart(8, '0')}.ckpt`;

export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly path: string;
}

/** The checkpoints of one run, one file each, in a folder that nobody else writes. */
export class CheckpointStore {
  readonly #folder: string;
  readonly #keep: number;
  readonly #faultPoint: FaultPoint;

  /**
   * @param keep how many of the newest to keep, at least 1.
   * @param faultPoint see `writeAtomically`; also `checkpoint:header`, `checkpoint:half:<section>`,
   *   `checkpoint:pruned`.
   */
  constructor(folder: string, keep: number, faultPoint: FaultPoint = () => undefined) {
    this.#folder = folder;
    this.#keep = keep;
    this.#faultPoint = faultPoint;
  }

  /** Makes the folder, and clears away what a crash left half written. */
  async prepare(): Promise<void> {
    await guarded(this.#folder, async () => {
      await mkdir(this.#folder, { recursive: true });
      const names = await readdir(this.#folder);
      const partial = names.filter((name) => name.endsWith(TEMPORARY_SUFFIX));
      await Promise.all(partial.map((name) => rm(join(this.#folder, name), { force: true })));
    });
  }

  /**
   * Saves a checkpoint whole or not at all, then drops those older than the newest `keep`.
   * Replaces one of the same step. Returns its path.
   * @throws LockstepError RUN_FOLDER_DISK_FULL …: those saved before are still valid then.
   */
  async save(checkpoint: Checkpoint): Promise<string> {
    const path = join(this.#folder, checkpointName(checkpoint.step));
    await writeAtomically(
      path,
      (file) => writeCheckpoint(file, checkpoint, this.#faultPoint),
      'checkpoint',
      this.#faultPoint,
    );
    // A file of a later step was refused when the run was resumed: it is no checkpoint to count.
    const past = (await this.steps()).filter((step) => step <= checkpoint.step);
    await guarded(this.#folder, () =>
      Promise.all(
        past
          .slice(this.#keep)
          .map((step) => rm(join(this.#folder, checkpointName(step)), { force: true })),
      ),
    );
    await this.#faultPoint('checkpoint:pruned');
    return path;
  }

  /** The steps that have a file, newest first, whether whole or not. */
  async steps(): Promise<number[]> {
    const names = await guarded(this.#folder, () => readdir(this.#folder));
    return names
      .flatMap((name) => FILE_NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }

  /**
   * The newest checkpoint that is whole, or null where there is none.
   * @param skipped told of each newer file that is not, and why.
   */
  async newestValid(skipped: (error: LockstepError) => void): Promise<FoundCheckpoint | null> {
    for (const step of await this.steps()) {
      const path = join(this.#folder, checkpointName(step));
      try {
        return { checkpoint: readCheckpoint(await readWhole(path), path), path };
      } catch (error) {
        if (!(error instanceof LockstepError) || error.code !== 'CHECKPOINT_CORRUPT') throw error;
        skipped(error);
      }
    }
    return null;
  }
}

/** Into memory of its own, so that a section at a 64-byte border of the file is aligned. */
async function readWhole(path: string): Promise<Uint8Array> {
  return guarded(path, async () => {
    const file = await open(path, 'r');
    try {
      const content = new Uint8Array((await file.stat()).size);
      let filled = 0;
      while (filled < content.length) {
        const { bytesRead } = await file.read(content, filled, content.length - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return content.subarray(0, filled);
    } finally {
      await file.close();
    }
  });
}
