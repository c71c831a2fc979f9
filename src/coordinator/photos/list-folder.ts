/** Photographs in a folder for each class. */
import { LockstepError } from '../../shared/errors.js';
import type { Split } from '../../shared/data/fashion-mnist.js';
import { folderEntries } from './folder-entries.js';
import type { Listing, NamedPhoto } from './listing.js';

/** Taken for photographs; whether they are is told by what they hold. */
const PHOTO = /\.(png|jpe?g)$/i;

/**
 *   FOLDER/CLASS/…/PHOTO.jpg             or
 *   FOLDER/train/CLASS/…/PHOTO.jpg       and
 *   FOLDER/test/CLASS/…/PHOTO.jpg
 *
 * Throws DATA_NOT_FOUND where that is not what there is.
 */
export function listFolder(source: string): Listing {
  const entries = folderEntries(source);
  const folders = entries.filter((entry) => entry.isFolder);
  const names = folders.map(({ name }) => name);
  const isSplit = names.length === 2 && names[0] === 'test' && names[1] === 'train';
  const photos: NamedPhoto[] = [];
  const otherFiles = entries.filter((entry) => !entry.isFolder).map(({ path }) => path);
  if (isSplit) {
    for (const { name, path } of folders) {
      const classes = folderEntries(path);
      addClasses(classes, name as Split, photos, otherFiles);
    }
  } else {
    addClasses(folders, null, photos, otherFiles);
  }
  if (photos.length === 0) throw noPhotos(source, otherFiles);
  return { photos, otherFiles, missing: [], joinedLines: 0 };
}

function addClasses(
  entries: ReturnType<typeof folderEntries>,
  split: Split | null,
  photos: NamedPhoto[],
  otherFiles: string[],
): void {
  for (const { name, path, isFolder } of entries) {
    if (!isFolder) otherFiles.push(path);
    else addPhotos(path, name, split, photos, otherFiles);
  }
}

/** Those of a class, in folders below its own too. */
function addPhotos(
  folder: string,
  name: string,
  split: Split | null,
  photos: NamedPhoto[],
  otherFiles: string[],
): void {
  for (const entry of folderEntries(folder)) {
    if (entry.isFolder) addPhotos(entry.path, name, split, photos, otherFiles);
    else if (PHOTO.test(entry.name)) photos.push({ path: entry.path, name, split });
    else otherFiles.push(entry.path);
  }
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
