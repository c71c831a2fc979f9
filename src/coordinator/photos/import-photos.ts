/** Photographs into a data set: listed, decoded once, and written in the form that `--data` takes. */
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { countClasses } from '../../shared/data/classes.js';
import { encodeIdxLabels } from '../../shared/data/idx.js';
import { formatShape, sameShape } from '../../shared/data/image-shape.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import type { PhotoOptions } from '../../shared/photos/photo-options.js';
import type { Recode } from '../../shared/photos/recode.js';
import { version } from '../../shared/version.js';
import { writeFileAtomically } from '../data/atomic-file.js';
import { classify, type Classified, type LabelledPhoto, type SplitWish } from './classify.js';
import { DecoderPool } from './decoder-pool.js';
import { IdxWriter } from './idx-writer.js';
import { listPhotos } from './list-photos.js';
import type { Listing, TableColumns } from './listing.js';
import { IMPORT_RECORD, OutputFolder, outputFailed } from './output-folder.js';
import type { Decoded } from './photo-messages.js';

export interface ImportOptions extends SplitWish {
  /** A folder with a folder for each class; or a table, NAME.csv. */
  readonly source: string;
  /** The folder to make. */
  readonly out: string;
  readonly photos: PhotoOptions;
  readonly columns: TableColumns;
  /** Other classes than those of the photographs; null: theirs. */
  readonly recode: Recode | null;
  /** Whether photographs that cannot be used are left out, and counted. */
  readonly skipFaulty: boolean;
  /** Whether an earlier import in `out` is replaced. */
  readonly force: boolean;
  /** null: as many as the machine has processors. */
  readonly processes: number | null;
  /** Told after every photograph. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Aborted: the import ends, and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

export interface ImportProgress {
  readonly done: number;
  readonly total: number;
  /** Of those done. */
  readonly faulty: number;
}

export interface FaultyPhoto {
  readonly path: string;
  /** The end of a sentence that begins with the path. */
  readonly reason: string;
}

export interface ImportedSplit {
  readonly count: number;
  /** In label order. */
  readonly perClass: readonly number[];
}

/** What an import did; `import.json` in its folder holds it too. */
export interface ImportReport {
  readonly folder: string;
  readonly source: string;
  readonly version: string;
  readonly options: PhotoOptions & { readonly testShare: number | null; readonly seed: number };
  readonly shape: ImageShape;
  readonly classes: readonly string[];
  readonly train: ImportedSplit;
  readonly test: ImportedSplit;
  /** Names that no class of the recode takes, and how many photographs had each. */
  readonly leftOut: Classified['leftOut'];
  /** Photographs that the table names and that are not there. */
  readonly missing: readonly string[];
  /** Lines of the table that had commas within their last field. */
  readonly joinedLines: number;
  /** Files beside the photographs. */
  readonly otherFiles: number;
  readonly faulty: readonly FaultyPhoto[];
}

/**
 * Makes the data set, whole or not at all. Throws DATA_IMAGE_INVALID naming the photographs that
 * cannot be used, DATA_IMAGE_SIZES, DATA_OUTPUT_*, RUN_INTERRUPTED, and what listing and classifying
 * throw.
 */
export async function importPhotos(options: ImportOptions): Promise<ImportReport> {
  const source = resolve(options.source);
  const listing = listPhotos(source, options.columns, options.recode);
  const classified = classify(listing.photos, options.recode, options);
  const folder = new OutputFolder(resolve(options.out), options.force);
  const total = classified.train.length + classified.test.length;
  const processes = Math.min(options.processes ?? availableParallelism(), total);
  const pool = new DecoderPool(options.photos, processes);
  const onAbort = (): void => {
    pool.close();
  };
  options.signal?.addEventListener('abort', onAbort);
  try {
    const book = new Book(total, options);
    const train = await book.write(classified.train, 'train', pool, folder.temporary);
    const test = await book.write(classified.test, 't10k', pool, folder.temporary);
    book.refuseFaulty();
    const report = reportOf(listing, classified, book, { source, folder, options, train, test });
    writeJson(join(folder.temporary, 'classes.json'), classified.classes);
    writeJson(join(folder.temporary, IMPORT_RECORD), report);
    folder.keep();
    return report;
  } catch (error) {
    if (options.signal?.aborted) throw interrupted(options.source);
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    pool.close();
    folder.discard();
  }
}

/** What has been done so far, and what was wrong with it. */
class Book {
  readonly faulty: FaultyPhoto[] = [];
  shape: ImageShape | null = null;
  #first = '';
  #done = 0;

  constructor(
    readonly total: number,
    readonly options: ImportOptions,
  ) {}

  /** One part of the set; its labels, of those photographs that could be used. */
  async write(
    photos: readonly LabelledPhoto[],
    name: string,
    pool: DecoderPool,
    folder: string,
  ): Promise<Uint16Array> {
    const labels: number[] = [];
    let images: IdxWriter | null = null;
    try {
      let at = 0;
      for await (const outcome of pool.decode(photos.map(({ path }) => path))) {
        if (this.options.signal?.aborted) throw interrupted(this.options.source);
        const { path, label } = photos[at++]!;
        if ('fault' in outcome) {
          this.faulty.push({ path, reason: outcome.fault });
        } else {
          this.#sameSizes(outcome, path);
          images ??= open(folder, name, this.shape!);
          images.add(outcome.pixels);
          labels.push(label);
        }
        this.#tell();
      }
      if (images === null) {
        this.refuseFaulty();
        throw allFaulty(name === 'train' ? 'training' : 'test', this.faulty);
      }
      const encoded = encodeIdxLabels(Uint16Array.from(labels));
      images.close();
      writeFileAtomically(join(folder, `${name}-labels-idx1-ubyte`), [encoded]);
      return Uint16Array.from(labels);
    } catch (error) {
      throw error instanceof LockstepError ? error : outputFailed(folder, error);
    } finally {
      images?.abandon();
    }
  }

  /** Throws DATA_IMAGE_INVALID where there were faulty ones that are not to be left out. */
  refuseFaulty(): void {
    const { faulty, total, options } = this;
    if (faulty.length === 0 || options.skipFaulty) return;
    throw new LockstepError(
      'DATA_IMAGE_INVALID',
      `${String(faulty.length)} of ${String(total)} photographs cannot be used:${listed(faulty)}`,
      { hint: 'Repair them or take them away; or leave them out with --skip-faulty.' },
    );
  }

  #sameSizes({ height, width, channels }: Decoded, path: string): void {
    const shape = { height, width, channels };
    this.shape ??= shape;
    this.#first ||= path;
    if (sameShape(shape, this.shape)) return;
    throw new LockstepError(
      'DATA_IMAGE_SIZES',
      `${path} has ${formatShape(shape)} values, and ${this.#first} ${formatShape(this.shape)}: all images of a data set are of one size.`,
      { where: { file: path }, hint: 'Give the size to bring them to, such as --resize 28x28.' },
    );
  }

  #tell(): void {
    const { total, faulty } = this;
    this.options.onProgress?.({ done: ++this.#done, total, faulty: faulty.length });
  }
}

function open(folder: string, name: string, shape: ImageShape): IdxWriter {
  const rank = shape.channels === 1 ? 3 : 4;
  return new IdxWriter(join(folder, `${name}-images-idx${String(rank)}-ubyte`), shape);
}

function reportOf(
  listing: Listing,
  { classes, leftOut }: Classified,
  { shape, faulty }: Book,
  {
    source,
    folder,
    options,
    train,
    test,
  }: {
    source: string;
    folder: OutputFolder;
    options: ImportOptions;
    train: Uint16Array;
    test: Uint16Array;
  },
): ImportReport {
  const split = (labels: Uint16Array): ImportedSplit => ({
    count: labels.length,
    perClass: countClasses(labels, classes.length),
  });
  const { testShare, seed } = options;
  return {
    folder: folder.path,
    source,
    version: version(),
    options: { ...options.photos, testShare, seed },
    shape: shape!,
    classes,
    train: split(train),
    test: split(test),
    leftOut,
    missing: listing.missing,
    joinedLines: listing.joinedLines,
    otherFiles: listing.otherFiles.length,
    faulty,
  };
}

const SHOWN_FAULTS = 20;

function listed(faulty: readonly FaultyPhoto[]): string {
  const lines = faulty.slice(0, SHOWN_FAULTS).map(({ path, reason }) => `\n  ${path} ${reason}`);
  const more = faulty.length - SHOWN_FAULTS;
  return `${lines.join('')}${more > 0 ? `\n  and ${String(more)} more` : ''}`;
}

function allFaulty(set: string, faulty: readonly FaultyPhoto[]): LockstepError {
  return new LockstepError(
    'DATA_IMAGE_INVALID',
    `Not one photograph of the ${set} set can be used:${listed(faulty)}`,
    { hint: 'Repair them; --skip-faulty leaves out some, not all.' },
  );
}

function interrupted(source: string): LockstepError {
  return new LockstepError(
    'RUN_INTERRUPTED',
    `The import of ${basename(source)} was interrupted; nothing was written.`,
    { hint: 'Begin it again with the same command.' },
  );
}

function writeJson(path: string, value: unknown): void {
  writeFileAtomically(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)]);
}
