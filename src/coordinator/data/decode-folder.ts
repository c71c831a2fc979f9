/** The files of a folder, decoded and checked against each other. */
import { basename } from 'node:path';
import {
  checkClasses,
  checkLabels,
  largestLabel,
  numberedClasses,
  parseClassesText,
} from '../../shared/data/classes.js';
import { decodeCsv } from '../../shared/data/csv.js';
import { decodeIdxImages, decodeIdxLabels, type DecodedImages } from '../../shared/data/idx.js';
import { checkShape, formatShape, sameShape } from '../../shared/data/image-shape.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import type { DataFiles, SplitFiles } from './find-data-files.js';
import { gunzipIdx, isGzip } from './gunzip.js';
import { readJson, readText, readWhole } from './read-file.js';

export interface DecodedSplit extends DecodedImages {
  /** uint16 [count] */
  readonly labels: Uint16Array;
  readonly imagesFile: string;
  readonly labelsFile: string;
}

export interface DecodedFolder {
  readonly train: DecodedSplit;
  readonly test: DecodedSplit;
  /** In label order. */
  readonly classes: readonly string[];
  /** Whether a file gives the names. */
  readonly classesAreNamed: boolean;
}

/** @throws LockstepError DATA_* */
export function decodeFolder(
  files: DataFiles,
  givenShape: ImageShape | undefined,
  onFile: (file: string) => void,
): DecodedFolder {
  const shape = givenShape ?? shapeFromFile(files.shapeFile);
  const train = decodeSplit(files.train, shape, onFile);
  const test = decodeSplit(files.test, shape ?? train.shape, onFile);
  if (!sameShape(train.shape, test.shape)) {
    throw mismatch(
      test.imagesFile,
      `holds ${formatShape(test.shape)} images, ${train.imagesFile} ${formatShape(train.shape)} ones`,
    );
  }
  const { classes, areNamed } = classesOf(files, train.labels, test.labels);
  checkLabels(train.labels, classes, train.labelsFile);
  checkLabels(test.labels, classes, test.labelsFile);
  return { train, test, classes, classesAreNamed: areNamed };
}

/** As a file names them, or else as many as the largest label says. @throws LockstepError DATA_* */
export function classesOf(
  { classesFile }: DataFiles,
  train: Uint16Array,
  test: Uint16Array,
): { readonly classes: readonly string[]; readonly areNamed: boolean } {
  const named = namedClasses(classesFile);
  const count = Math.max(largestLabel(train), largestLabel(test)) + 1;
  return { classes: named ?? numberedClasses(count), areNamed: named !== undefined };
}

/** One split alone. @throws LockstepError DATA_* */
export function decodeSplit(
  files: SplitFiles,
  shape: ImageShape | undefined,
  onFile: (file: string) => void,
): DecodedSplit {
  if (files.format === 'csv') {
    const file = files.table;
    onFile(file);
    const decoded = decodeCsv(readWhole(file), file, shape);
    return { ...decoded, imagesFile: file, labelsFile: file };
  }
  const { images: imagesFile, labels: labelsFile } = files;
  onFile(labelsFile);
  const labels = decodeIdxLabels(readIdx(labelsFile, 'labels'), labelsFile);
  onFile(imagesFile);
  const images = decodeIdxImages(readIdx(imagesFile, 'images'), imagesFile);
  if (images.count !== labels.length) {
    throw mismatch(
      labelsFile,
      `holds ${labels.length} labels, but ${basename(imagesFile)} holds ${images.count} images`,
    );
  }
  if (shape !== undefined && !sameShape(shape, images.shape)) {
    throw mismatch(
      imagesFile,
      `holds ${formatShape(images.shape)} images; ${formatShape(shape)} was asked for`,
    );
  }
  return { ...images, labels, imagesFile, labelsFile };
}

/** Plain or gzip, told by the first bytes. */
export function readIdx(file: string, kind: 'images' | 'labels'): Uint8Array {
  const bytes = readWhole(file);
  return isGzip(bytes) ? gunzipIdx(bytes, kind, file) : bytes;
}

function namedClasses(file: string | undefined): string[] | undefined {
  if (file === undefined) return undefined;
  return file.endsWith('.json')
    ? checkClasses(readJson(file, 'DATA_CLASSES_INVALID'), file)
    : parseClassesText(readText(file), file);
}

function shapeFromFile(file: string | undefined): ImageShape | undefined {
  return file === undefined ? undefined : checkShape(readJson(file, 'DATA_SHAPE_INVALID'), file);
}

function mismatch(file: string, what: string): LockstepError {
  return new LockstepError('DATA_SETS_MISMATCH', `${file} ${what}.`, {
    where: { file },
    hint: 'Check that the files belong to one data set, and that none was renamed.',
  });
}
