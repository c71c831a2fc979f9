import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { guarded, systemCode } from './file-errors.js';

/**
 * A named instant at which a crash must do no harm. Tests hand in a function that kills the
 * process, or throws, at one of them.
 */
export type FaultPoint = (name: string) => void | Promise<void>;

const none: FaultPoint = () => undefined;

/** Where a file stands before it gets its name; leftovers of a crash are known by it. */
export const TEMPORARY_SUFFIX = '.partial';

/**
 * Writes a file so that its name holds, after a crash at any instant, either what was there
 * before or all of the new content: a temporary name, synced, renamed, folder synced.
 *
 * Fault points: `<label>:opened`, `<label>:written`, `<label>:synced`, `<label>:renamed`,
 * `<label>:done`, and whatever `write` itself names.
 *
 * @throws LockstepError RUN_FOLDER_DISK_FULL, RUN_FOLDER_NOT_WRITABLE, RUN_FOLDER_IO; the
 *   temporary file is gone then, and the old content stands.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  label = 'file',
  faultPoint: FaultPoint = none,
): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  await guarded(path, async () => {
    try {
      const file = await open(temporary, 'w');
      try {
        await faultPoint(`${label}:opened`);
        await write(file);
        await faultPoint(`${label}:written`);
        await file.sync();
      } finally {
        await file.close();
      }
      await faultPoint(`${label}:synced`);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await faultPoint(`${label}:renamed`);
    await syncFolder(dirname(path));
    await faultPoint(`${label}:done`);
  });
}

export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  await writeAtomically(path, (file) => file.writeFile(text));
}

/** Makes a folder and those above it. Throws RUN_FOLDER_NOT_WRITABLE, RUN_FOLDER_IO …. */
export async function makeFolder(path: string): Promise<void> {
  await guarded(path, async () => {
    try {
      await mkdir(path, { recursive: true });
    } catch (error) {
      // On a read-only disk Node says that nothing is there (ENOENT); without `recursive` it says why.
      if (systemCode(error) !== 'ENOENT') throw error;
      let missing = path;
      while (!existsSync(dirname(missing))) missing = dirname(missing);
      await mkdir(missing);
      throw error;
    }
  });
}

/** Makes a rename or a new file in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
