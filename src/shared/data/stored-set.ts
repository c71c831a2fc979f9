/** A set whose pixels stay in a file, for data sets that are larger than the memory. */
import { LockstepError } from '../errors.js';
import type { NoiseDomains } from './noise.js';
import type { ImageSet, LabelledSet } from './image-set.js';

export interface StoredSet extends LabelledSet {
  readonly stored: StoredPixels;
}

/** Where the pixels of a set lie: plain data and shared memory, which threads are given. */
export interface StoredPixels {
  /** A file as `data-set-layout.ts` has it. */
  readonly file: string;
  /** What the file was when its digest was taken: `stampOf`. */
  readonly stamp: string;
  /** Byte at which the first image begins. */
  readonly position: number;
  /** uint32 [count], over a SharedArrayBuffer: the image of each sample; null: in their order. */
  readonly places: Uint32Array | null;
  /** Noise that its values get when they are read; null: none. */
  readonly noise: StoredNoise | null;
}

export interface StoredNoise {
  readonly level: number;
  readonly seed: number;
  readonly domains: NoiseDomains;
}

/** A set as a run uses it. */
export type SampleSet = ImageSet | StoredSet;

export const isStored = (set: SampleSet): set is StoredSet => 'stored' in set;

/** For what looks at pixels itself. Throws DATA_NOT_IN_MEMORY. */
export function inMemory(set: SampleSet): ImageSet {
  if (!isStored(set)) return set;
  throw new LockstepError('DATA_NOT_IN_MEMORY', 'This needs the images in memory, all of them.', {
    hint: 'Leave dataMemory out.',
    where: { file: set.stored.file },
  });
}

/** The image of a sample in the file. */
export const placeOf = ({ places }: StoredPixels, sample: number): number =>
  places === null ? sample : places[sample]!;
