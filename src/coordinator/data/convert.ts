/** Image sets from IDX to CSV and back: whole folders, or one split alone. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeCsv } from '../../shared/data/csv-writer.js';
import type { Split } from '../../shared/data/fashion-mnist.js';
import { encodeIdxImages, encodeIdxLabels } from '../../shared/data/idx.js';
import { pixelsOf, sameShape, squareShape } from '../../shared/data/image-shape.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { writeFileAtomically } from './atomic-file.js';
import { decodeFolder, decodeSplit, type DecodedSplit } from './decode-folder.js';
import { findDataFiles, type SplitFiles } from './find-data-files.js';

export type DataFormat = 'idx' | 'csv';

export interface ConvertOptions {
  /** A folder with a whole set; or a .csv file, or an IDX file of images with its labels beside. */
  readonly input: string;
  /** A folder, made where it is missing; or a .csv file for one split. */
  readonly output: string;
  /** The other format than the input's, if left out. */
  readonly to?: DataFormat | undefined;
  /** Sizes of images in CSV. */
  readonly shape?: ImageShape | undefined;
  /** Whether IDX files are compressed. */
  readonly gzip?: boolean | undefined;
  /** Whether CSV files start with a header; they do if left out. */
  readonly header?: boolean | undefined;
  /** Whether files that exist are written over. */
  readonly force?: boolean | undefined;
}

interface Output {
  readonly path: string;
  readonly pieces: () => Iterable<Uint8Array>;
}

/**
 * @returns the paths written, each whole or not at all
 * @throws LockstepError DATA_*
 */
export function convertData(options: ConvertOptions): string[] {
  const outputs =
    existsSync(options.input) && statSync(options.input).isDirectory()
      ? folderOutputs(options)
      : splitOutputs(options);
  const existing = outputs.find(({ path }) => existsSync(path));
  if (existing !== undefined && options.force !== true) {
    throw new LockstepError('DATA_OUTPUT_EXISTS', `${existing.path} exists already.`, {
      where: { file: existing.path },
      hint: 'Choose another folder, or write over it with --force.',
    });
  }
  for (const { path, pieces } of outputs) writeFileAtomically(path, pieces());
  return outputs.map(({ path }) => path);
}

function folderOutputs(options: ConvertOptions): Output[] {
  const files = findDataFiles(options.input);
  const decoded = decodeFolder(files, options.shape, () => {});
  const to = options.to ?? other(files.format);
  const outputs = (['train', 'test'] as const).flatMap((split) =>
    outputsOf(decoded[split], split, to, options),
  );
  if (decoded.classesAreNamed) outputs.push(json(options, 'classes.json', decoded.classes));
  if (to === 'csv') outputs.push(...shapeOutput(decoded.train.shape, options));
  return outputs;
}

function splitOutputs(options: ConvertOptions): Output[] {
  const files = splitFiles(options.input);
  const decoded = decodeSplit(files, options.shape, () => {});
  const to = options.to ?? other(files.format);
  const split = /t10k|test/i.test(basename(options.input)) ? 'test' : 'train';
  const outputs = outputsOf(decoded, split, to, options);
  if (to === 'csv') outputs.push(...shapeOutput(decoded.shape, options));
  return outputs;
}

function splitFiles(input: string): SplitFiles {
  const name = basename(input);
  if (/\.csv$/i.test(name)) return { format: 'csv', table: input };
  if (/images[-.]idx/.test(name)) {
    const stem = name.replace('images', 'labels').replace(/idx[34]-ubyte/, 'idx1-ubyte');
    const candidates = [
      stem,
      stem.replace(/\.gz$/, ''),
      `${stem}.gz`,
      stem.replace('ubyte', 'int'),
    ];
    const found = candidates.find((each) => existsSync(join(dirname(input), each))) ?? stem;
    return { format: 'idx', images: input, labels: join(dirname(input), found) };
  }
  throw new LockstepError('DATA_NOT_FOUND', `${input} is no folder, CSV file or IDX file.`, {
    where: { file: input },
    hint: 'Give a folder, NAME.csv, or NAME-images-idx3-ubyte[.gz] with its labels beside it.',
  });
}

function outputsOf(
  set: DecodedSplit,
  split: Split,
  to: DataFormat,
  options: ConvertOptions,
): Output[] {
  if (to === 'csv') {
    const path = options.output.endsWith('.csv')
      ? options.output
      : join(options.output, `${split}.csv`);
    return [{ path, pieces: () => encodeCsv(set, { header: options.header !== false }) }];
  }
  const prefix = split === 'train' ? 'train' : 't10k';
  const rank = set.shape.channels === 1 ? 3 : 4;
  const output = (name: string, encode: () => Uint8Array): Output => ({
    path: join(options.output, `${prefix}-${name}${options.gzip ? '.gz' : ''}`),
    // gzip is told no time and no name, so equal sets give equal files.
    pieces: () => [options.gzip ? gzipSync(encode(), { level: 9 }) : encode()],
  });
  return [
    output(`images-idx${rank}-ubyte`, () => encodeIdxImages(set.count, set.shape, set.pixels)),
    output('labels-idx1-ubyte', () => encodeIdxLabels(set.labels)),
  ];
}

/** Sizes that a reader of the CSV files could not tell from the number of columns. */
function shapeOutput(shape: ImageShape, options: ConvertOptions): Output[] {
  const told = squareShape(pixelsOf(shape));
  if (told !== undefined && sameShape(told, shape)) return [];
  return [json(options, 'shape.json', shape)];
}

function json(options: ConvertOptions, name: string, value: unknown): Output {
  const folder = options.output.endsWith('.csv') ? dirname(options.output) : options.output;
  const text = `${JSON.stringify(value, null, 2)}\n`;
  return { path: join(folder, name), pieces: () => [new TextEncoder().encode(text)] };
}

function other(format: DataFormat): DataFormat {
  return format === 'idx' ? 'csv' : 'idx';
}
