/** Photographs in a folder for each class. */
import { realpathSync } from 'node:fs';
import { LockstepError } from '../../shared/errors.js';
import type { Split } from '../../shared/data/fashion-mnist.js';
import { folderEntries, type FolderEntry } from './folder-entries.js';
import type { Listing, NamedPhoto } from './listing.js';

/** Taken for photographs; whether they are is told by what they hold. */
const PHOTO = /\.(png|jpe?g)$/i;

/**
 *   FOLDER/CLASS/…/PHOTO.jpg             or
 *   FOLDER/train/CLASS/…/PHOTO.jpg       and
 *   FOLDER/test/CLASS/…/PHOTO.jpg
 *
 * Throws DATA_NOT_FOUND, DATA_FOLDERS_INVALID where that is not what there is.
 */
export function listFolder(source: string): Listing {
  const walk = new Walk();
  const entries = walk.entries(source);
  const folders = entries.filter((entry) => entry.isFolder);
  const names = folders.map(({ name }) => name);
  const isSplit = SPLITS.every((split) => names.includes(split));
  walk.otherFiles.push(...entries.filter((entry) => !entry.isFolder).map(({ path }) => path));
  if (isSplit) {
    const isOfSplit = ({ name }: FolderEntry): boolean => SPLITS.includes(name as Split);
    walk.addClasses(
      folders.filter((each) => !isOfSplit(each)),
      null,
    );
    if (walk.photos.length > 0) throw besideSplit(source, walk.photos);
    for (const { name, path } of folders.filter(isOfSplit)) {
      walk.addClasses(walk.entries(path), name as Split);
    }
  } else {
    walk.addClasses(folders, null);
  }
  const { photos, otherFiles } = walk;
  if (photos.length === 0) throw noPhotos(source, otherFiles);
  return { photos, otherFiles, missing: [], joinedLines: 0 };
}

const SPLITS: readonly Split[] = ['train', 'test'];

/** What is found below a folder. Folders without photographs leave nothing behind. */
class Walk {
  readonly photos: NamedPhoto[] = [];
  readonly otherFiles: string[] = [];
  /** By where each really is, as links lead back, or to the same place twice. */
  readonly #met = new Map<string, string>();

  /** Throws DATA_FOLDERS_INVALID where the folder was met already. */
  entries(folder: string): FolderEntry[] {
    const found = folderEntries(folder);
    const real = realpathSync(folder);
    const before = this.#met.get(real);
    if (before !== undefined) throw metTwice(folder, before);
    this.#met.set(real, folder);
    return found;
  }

  addClasses(entries: readonly FolderEntry[], split: Split | null): void {
    for (const { name, path, isFolder } of entries) {
      if (isFolder) this.#addPhotos(path, name, split);
      else this.otherFiles.push(path);
    }
  }

  /** Those of a class, in folders below its own too. */
  #addPhotos(folder: string, name: string, split: Split | null): void {
    for (const entry of this.entries(folder)) {
      if (entry.isFolder) this.#addPhotos(entry.path, name, split);
      else if (PHOTO.test(entry.name)) this.photos.push({ path: entry.path, name, split });
      else this.otherFiles.push(entry.path);
    }
  }
}

function besideSplit(source: string, photos: readonly NamedPhoto[]): LockstepError {
  const others = [...new Set(photos.map(({ name }) => name))].join(', ');
  return new LockstepError(
    'DATA_FOLDERS_INVALID',
    `${source} has train and test, and photographs in other folders beside them: ${others}.`,
    {
      where: { folder: source },
      hint: 'Put those into train or test, or elsewhere; if train and test are classes, give a table, NAME.csv.',
    },
  );
}

function metTwice(folder: string, before: string): LockstepError {
  return new LockstepError(
    'DATA_FOLDERS_INVALID',
    `${folder} is the same folder as ${before}; each photograph counts once.`,
    { where: { folder }, hint: 'Take the link away.' },
  );
}

function noPhotos(source: string, otherFiles: readonly string[]): LockstepError {
  const shown = otherFiles.slice(0, 3).join(', ');
  const there =
    otherFiles.length === 0 ? '' : `; there are ${shown}${otherFiles.length > 3 ? ' …' : ''}`;
  return new LockstepError(
    'DATA_NOT_FOUND',
    `${source} has no folders with PNG or JPEG photographs${there}.`,
    {
      where: { folder: source },
      hint: 'Photographs lie in a folder for each class, FOLDER/CLASS/NAME.jpg; or give a table, NAME.csv.',
    },
  );
}
