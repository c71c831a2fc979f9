import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../../shared/errors.js';
import { messageOf } from '../data/read-file.js';

export interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** In the order of their names; hidden ones are left out. Throws DATA_NOT_FOUND. */
export function folderEntries(folder: string): FolderEntry[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => {
        const path = join(folder, name);
        return { name, path, isFolder: isFolder(path) };
      });
  } catch (cause) {
    throw new LockstepError('DATA_NOT_FOUND', `${folder} cannot be read: ${messageOf(cause)}.`, {
      cause,
      where: { folder },
      hint: 'Check the path, and that you may read the folder.',
    });
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
