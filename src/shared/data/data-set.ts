/** A training set and a test set of the same kind of images, and where they came from. */
import type { ImageSet } from './image-set.js';
import type { SampleSet, StoredSet } from './stored-set.js';

export interface DataSet extends DataSource {
  readonly train: ImageSet;
  /** Of the same shape and with the same classes as `train`. */
  readonly test: ImageSet;
}

/** One whose pixels stay in a file. */
export interface StoredDataSet extends DataSource {
  readonly train: StoredSet;
  readonly test: StoredSet;
}

export interface DataSource {
  /** `fashion-mnist` for the published set, else the folder's name. */
  readonly name: string;
  /**
   * SHA-256, hex, of sizes, number of classes, pixels and labels of both sets: the same for the
   * same images in any file format. Part of the run's identity.
   */
  readonly digest: string;
  /** The folder whose files it was read from. */
  readonly folder: string;
  /** For people: the folder, and what it is. */
  readonly source: string;
}

/** A data set as a run uses it: samples of its training set may be put aside to validate on. */
export interface RunData extends DataSource {
  readonly train: SampleSet;
  readonly test: SampleSet;
  /** null: nothing was put aside, and `train` is whole. */
  readonly validation: SampleSet | null;
  /** As it was loaded; `digest` is of this. */
  readonly whole: DataSet | StoredDataSet;
}
