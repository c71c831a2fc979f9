/** Photographs that a table names. */
import { statSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Split } from '../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../shared/errors.js';
import type { RecodeTable } from '../../shared/photos/recode.js';
import { columnOf, parseTable, wrongTable, type Table } from '../../shared/photos/table.js';
import { readText } from '../data/read-file.js';
import type { Listing, NamedPhoto } from './listing.js';

export interface TableWish extends Omit<RecodeTable, 'file'> {
  readonly split: string | null;
}

/**
 * `file`: from `folder`; paths of photographs count from the table's own folder. Throws
 * DATA_TABLE_INVALID, DATA_FILE_UNREADABLE, DATA_IMAGE_INVALID where photographs are missing.
 */
export function listTable(folder: string, file: string, wish: TableWish): Listing {
  const path = resolve(folder, file);
  const table = parseTable(readText(path), path, wish.extraCommas);
  const label = columnOf(table, wish.label, path);
  const split = wish.split === null ? null : columnOf(table, wish.split, path);
  const pathOf = pathsOf(wish.photo, table, path);
  const photos: NamedPhoto[] = [];
  const missing: string[] = [];
  /** In which line each is named. */
  const lines = new Map<string, number>();
  for (const { line, fields } of table.rows) {
    const photo = { path: pathOf(fields), name: fields[label]!.trim() };
    if (photo.name === '') throw wrongTable(path, line, `the column ${wish.label} is empty`);
    const part = split === null ? null : splitOf(fields[split]!.trim(), wish.split!, path, line);
    const before = lines.get(photo.path);
    if (before !== undefined) {
      throw wrongTable(path, line, `line ${String(before)} names ${photo.path} already`);
    }
    lines.set(photo.path, line);
    const found = statOf(photo.path);
    if (found?.isFile()) photos.push({ ...photo, split: part });
    else if (found) throw wrongTable(path, line, `${photo.path} is no regular file`);
    else if (wish.missing === 'leaveOut') missing.push(photo.path);
    else throw wrongTable(path, line, `there is no photograph ${photo.path}`);
  }
  if (photos.length === 0) {
    const reason = missing.length > 0 ? `: ${missing[0]!} is missing, and so are all others` : '';
    throw new LockstepError('DATA_NOT_FOUND', `${path} names no photographs${reason}.`, {
      where: { file: path },
      hint: 'Check the table, and where its photographs lie.',
    });
  }
  return { photos, otherFiles: [], missing, joinedLines: table.joinedLines };
}

/** null: it is not there, or its path leads nowhere. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function pathsOf(
  pattern: string,
  table: Table,
  file: string,
): (fields: readonly string[]) => string {
  const parts = pattern.split(/\{([^}]+)\}/);
  const columns = parts.map((part, i) => (i % 2 === 1 ? columnOf(table, part, file) : -1));
  return (fields) => {
    const named = parts.map((part, i) => (i % 2 === 1 ? fields[columns[i]!]!.trim() : part));
    return resolve(dirname(file), named.join(''));
  };
}

function splitOf(text: string, column: string, file: string, line: number): Split {
  if (text === 'train' || text === 'test') return text;
  throw wrongTable(file, line, `the column ${column} says "${text}"; expected train or test`);
}
