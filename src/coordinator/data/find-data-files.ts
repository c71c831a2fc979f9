/** Which files of a folder make up its data set. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Split } from '../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../shared/errors.js';
import { messageOf } from './read-file.js';

export type SplitFiles =
  | { readonly format: 'idx'; readonly images: string; readonly labels: string }
  | { readonly format: 'csv'; readonly table: string };

export interface DataFiles {
  readonly format: 'idx' | 'csv';
  readonly train: SplitFiles;
  readonly test: SplitFiles;
  readonly classesFile: string | undefined;
  /** Only beside CSV files: IDX files hold their sizes. */
  readonly shapeFile: string | undefined;
}

const PREFIXES: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  test: ['t10k', 'test'],
};
const IMAGES = ['images-idx3-ubyte', 'images-idx4-ubyte', 'images.idx3-ubyte', 'images.idx4-ubyte'];
const LABELS = ['labels-idx1-ubyte', 'labels.idx1-ubyte', 'labels-idx1-int', 'labels.idx1-int'];
const TABLES: Readonly<Record<Split, readonly string[]>> = {
  train: ['train.csv', 'fashion-mnist_train.csv'],
  test: ['test.csv', 'fashion-mnist_test.csv'],
};

/** Every path that belongs to the data set. */
export function allFiles(files: DataFiles): string[] {
  const ofSplit = (split: SplitFiles) =>
    split.format === 'idx' ? [split.images, split.labels] : [split.table];
  return [
    ...ofSplit(files.train),
    ...ofSplit(files.test),
    ...[files.classesFile, files.shapeFile].filter((path) => path !== undefined),
  ];
}

/**
 * IDX files come before CSV files where a folder holds both, unpacked ones before .gz.
 * @throws LockstepError DATA_NOT_FOUND naming what is missing
 */
export function findDataFiles(folder: string): DataFiles {
  const names = listFolder(folder);
  const pick = (candidates: readonly string[]) => {
    const name = candidates.find((candidate) => names.has(candidate));
    return name === undefined ? undefined : join(folder, name);
  };
  const idx = (split: Split) => ({
    images: pick(idxNames(split, IMAGES)),
    labels: pick(idxNames(split, LABELS)),
  });
  const classesFile = pick(['classes.json', 'classes.txt']);
  const train = idx('train');
  const test = idx('test');
  if (train.images && train.labels && test.images && test.labels) {
    return {
      format: 'idx',
      train: { format: 'idx', images: train.images, labels: train.labels },
      test: { format: 'idx', images: test.images, labels: test.labels },
      classesFile,
      shapeFile: undefined,
    };
  }
  const trainTable = pick(TABLES.train);
  const testTable = pick(TABLES.test);
  if (trainTable && testTable) {
    return {
      format: 'csv',
      train: { format: 'csv', table: trainTable },
      test: { format: 'csv', table: testTable },
      classesFile,
      shapeFile: pick(['shape.json']),
    };
  }
  const missing: string[] = [];
  const hasTable = trainTable !== undefined || testTable !== undefined;
  const hasIdx = [train.images, train.labels, test.images, test.labels].some(Boolean);
  if (hasIdx || !hasTable) {
    if (!train.images) missing.push('train-images-idx3-ubyte[.gz]');
    if (!train.labels) missing.push('train-labels-idx1-ubyte[.gz]');
    if (!test.images) missing.push('t10k-images-idx3-ubyte[.gz]');
    if (!test.labels) missing.push('t10k-labels-idx1-ubyte[.gz]');
  } else {
    missing.push(trainTable === undefined ? 'train.csv' : 'test.csv');
  }
  throw notFound(folder, `lacks ${missing.join(', ')}${hasIdx || hasTable ? '' : contents(names)}`);
}

function idxNames(split: Split, stems: readonly string[]): string[] {
  const plain = PREFIXES[split].flatMap((prefix) => stems.map((stem) => `${prefix}-${stem}`));
  return [...plain, ...plain.map((name) => `${name}.gz`)];
}

function listFolder(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder));
  } catch (error) {
    throw notFound(folder, `cannot be read as a folder: ${messageOf(error)}`, error);
  }
}

function contents(names: ReadonlySet<string>): string {
  if (names.size === 0) return ': it is empty';
  const shown = [...names].sort().slice(0, 5).join(', ');
  return `; it holds ${shown}${names.size > 5 ? ` and ${names.size - 5} more` : ''}`;
}

function notFound(folder: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError('DATA_NOT_FOUND', `The data folder ${folder} ${what}.`, {
    cause,
    where: { folder },
    hint: 'Give a folder with the four IDX files, or with train.csv and test.csv; see docs/data.md.',
  });
}
