/** What there is to know about a data set, and about where one may come from. */
import { createHash } from 'node:crypto';
import { countClasses } from '../../shared/data/classes.js';
import type { DataSet } from '../../shared/data/data-set.js';
import { FASHION_MNIST_URL } from '../../shared/data/fashion-mnist.js';
import type { ImageSet, ImageShape } from '../../shared/data/image-set.js';
import { allFiles, findDataFiles } from './find-data-files.js';
import { readWhole } from './read-file.js';
import { fashionMnistSources, isPresent } from './sources.js';

export interface SplitDescription {
  readonly count: number;
  /** Number of images of each class, in label order. */
  readonly perClass: readonly number[];
}

export interface DataSetDescription {
  readonly name: string;
  readonly source: string;
  readonly folder: string;
  readonly format: 'idx' | 'csv';
  readonly digest: string;
  readonly shape: ImageShape;
  readonly classes: readonly string[];
  readonly train: SplitDescription;
  readonly test: SplitDescription;
  readonly files: readonly FileDescription[];
}

export interface FileDescription {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Many publishers, Fashion-MNIST's among them, give this one. */
  readonly md5: string;
}

/** Reads all files of the data set once more, for their checksums. */
export function describeDataSet(data: DataSet): DataSetDescription {
  const files = findDataFiles(data.folder);
  return {
    name: data.name,
    source: data.source,
    folder: data.folder,
    format: files.format,
    digest: data.digest,
    shape: data.train.shape,
    classes: data.train.classes,
    train: describeSplit(data.train),
    test: describeSplit(data.test),
    files: allFiles(files).map((path) => {
      const bytes = readWhole(path);
      const hash = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
      return { path, bytes: bytes.length, sha256: hash('sha256'), md5: hash('md5') };
    }),
  };
}

function describeSplit(set: ImageSet): SplitDescription {
  return { count: set.count, perClass: countClasses(set.labels, set.classes.length) };
}

export interface SourceDescription {
  readonly source: string;
  readonly present: boolean;
  /** Whether `train` without --data would take it. */
  readonly used: boolean;
}

/** The sources of Fashion-MNIST in the order in which they are tried. Asks no network. */
export function describeSources(cache: string, env: NodeJS.ProcessEnv): SourceDescription[] {
  const folders = fashionMnistSources(cache).map(({ folder, source }) => ({
    source,
    present: isPresent(folder),
  }));
  const first = folders.findIndex(({ present }) => present);
  const address = env['LOCKSTEP_FASHION_MNIST_URL'] || FASHION_MNIST_URL;
  return [
    ...folders.map((each, i) => ({ ...each, used: i === first })),
    {
      source: `fetched into the cache: ${address}, else through apt`,
      present: false,
      used: first < 0,
    },
  ];
}
