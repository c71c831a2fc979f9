/** Which photographs there are, and of what class each is. */
import { LockstepError } from '../../shared/errors.js';
import type { Recode } from '../../shared/photos/recode.js';
import { isFolder } from './folder-entries.js';
import { listFolder } from './list-folder.js';
import { listTable } from './list-table.js';
import type { Listing, TableColumns } from './listing.js';

/**
 * `source`: a folder with a folder for each class, or with `train` and `test` that have these; or a
 * table, in CSV. A recode that names a table looks for it in `source`.
 * Throws DATA_NOT_FOUND, DATA_TABLE_INVALID, DATA_FILE_UNREADABLE.
 */
export function listPhotos(source: string, columns: TableColumns, recode: Recode | null): Listing {
  const table = recode?.table;
  if (isFolder(source)) {
    if (table === undefined) return listFolder(source);
    return listTable(source, table.file, { ...table, split: columns.split });
  }
  if (/\.csv$/i.test(source)) {
    const strict = { extraCommas: 'error', missing: 'error' } as const;
    return listTable('', source, { ...strict, ...columns, ...table });
  }
  throw new LockstepError('DATA_NOT_FOUND', `${source} is no folder and no table of photographs.`, {
    where: { path: source },
    hint: 'Give a folder with a folder for each class, or a file NAME.csv that names photographs.',
  });
}
