/** From names to labels: the classes of a listing, and which photographs are for testing. */
import type { Split } from '../../shared/data/fashion-mnist.js';
import { splitSamples } from '../../shared/data/split.js';
import { LockstepError } from '../../shared/errors.js';
import { labelsOf, type Recode } from '../../shared/photos/recode.js';
import type { NamedPhoto } from './listing.js';

export interface LabelledPhoto {
  readonly path: string;
  readonly label: number;
}

export interface Classified {
  /** In label order. */
  readonly classes: readonly string[];
  readonly train: readonly LabelledPhoto[];
  readonly test: readonly LabelledPhoto[];
  /** Names that no class takes, and how many photographs had each: the most first. */
  readonly leftOut: readonly { readonly name: string; readonly count: number }[];
}

export interface SplitWish {
  /** Share of the photographs that is put aside for testing, of every class; null: a fifth. */
  readonly testShare: number | null;
  readonly seed: number;
}

const DEFAULT_TEST_SHARE = 0.2;

/** Throws DATA_CLASSES_INVALID, DATA_SPLIT_TOO_LARGE, USAGE_INVALID. */
export function classify(
  photos: readonly NamedPhoto[],
  recode: Recode | null,
  wish: SplitWish,
): Classified {
  const labels = recode === null ? labelsByName(photos) : labelsOf(recode);
  const classes = recode === null ? [...labels.keys()] : recode.classes.map(({ name }) => name);
  const leftOut = new Map<string, number>();
  const kept: (LabelledPhoto & { split: Split | null })[] = [];
  for (const { path, name, split } of photos) {
    const label = labels.get(name);
    if (label === undefined) leftOut.set(name, (leftOut.get(name) ?? 0) + 1);
    else kept.push({ path, label, split });
  }
  if (classes.length < 2) {
    throw new LockstepError(
      'DATA_CLASSES_INVALID',
      `All photographs are of one class, ${classes.join()}; at least two are needed.`,
      { hint: 'Put the photographs of each class into a folder of its own.' },
    );
  }
  const sets = isTold(kept, wish) ? bySplit(kept) : drawn(kept, classes.length, wish);
  for (const split of ['train', 'test'] as const) {
    if (sets[split].length === 0) throw emptySet(split, kept.length);
  }
  const counts = [...leftOut].map(([name, count]) => ({ name, count }));
  counts.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return { classes, ...sets, leftOut: counts };
}

/** Names in their order: as numbers where all are, else letter by letter. */
function labelsByName(photos: readonly NamedPhoto[]): ReadonlyMap<string, number> {
  const names = [...new Set(photos.map(({ name }) => name))];
  if (names.every((name) => /^\d{1,15}$/.test(name))) names.sort((a, b) => Number(a) - Number(b));
  else names.sort((a, b) => (a < b ? -1 : 1));
  return new Map(names.map((name, label) => [name, label]));
}

function isTold(kept: readonly { split: Split | null }[], { testShare }: SplitWish): boolean {
  const told = kept.some(({ split }) => split !== null);
  if (told && testShare !== null) {
    throw new LockstepError(
      'USAGE_INVALID',
      '--test was given, but the photographs say themselves which are for testing.',
      { hint: 'Leave --test out.' },
    );
  }
  return told;
}

type Sets = Pick<Classified, 'train' | 'test'>;

function bySplit(kept: readonly (LabelledPhoto & { split: Split | null })[]): Sets {
  const of = (split: Split): LabelledPhoto[] => kept.filter((photo) => photo.split === split);
  return { train: of('train'), test: of('test') };
}

/** Drawn by the seed, of every class its share. */
function drawn(kept: readonly LabelledPhoto[], classes: number, wish: SplitWish): Sets {
  const share = wish.testShare ?? DEFAULT_TEST_SHARE;
  const labels = Uint16Array.from(kept, ({ label }) => label);
  if (kept.length < 2) return { train: kept, test: [] };
  const { train, validation } = splitSamples(labels, classes, {
    ...{ validation: share, validationSplit: 'stratified', seed: wish.seed },
  });
  const of = (samples: Uint32Array): LabelledPhoto[] => Array.from(samples, (i) => kept[i]!);
  return { train: of(train), test: of(validation) };
}

function emptySet(split: Split, photos: number): LockstepError {
  return new LockstepError(
    'DATA_SPLIT_TOO_LARGE',
    `No photographs are left for the ${split} set, of ${String(photos)} in all.`,
    { hint: 'Give another share with --test, or more photographs.' },
  );
}
