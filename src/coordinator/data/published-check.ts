/**
 * Compares a decoded folder with the published Fashion-MNIST: its files are told apart by
 * checksums of what they hold, so that a wrong pairing is seen whatever the files are called.
 */
import { basename } from 'node:path';
import { countClasses, largestLabel } from '../../shared/data/classes.js';
import {
  FASHION_MNIST_CLASSES,
  FASHION_MNIST_FILES,
  publishedFile,
  type PublishedFile,
  type Split,
} from '../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../shared/errors.js';
import type { DecodedFolder, DecodedSplit } from './decode-folder.js';
import { sha256 } from './read-file.js';

interface Part {
  readonly split: Split;
  readonly kind: 'images' | 'labels';
  readonly file: string;
  readonly sha256: string;
  /** The published file that holds the same. */
  readonly same: PublishedFile | undefined;
}

/**
 * @param required whether the folder must hold the published set, and nothing else will do
 * @returns whether it does
 * @throws LockstepError DATA_CHECKSUM, DATA_SETS_MISMATCH. A folder that names its own classes
 *   is a set of its own, and is not compared.
 */
export function checkPublished(decoded: DecodedFolder, required: boolean): boolean {
  const parts = [...partsOf(decoded.train, 'train'), ...partsOf(decoded.test, 'test')];
  const matches = parts.every(
    ({ same, split, kind }) => same?.split === split && same.kind === kind,
  );
  if (matches || (decoded.classesAreNamed && !required)) return matches;
  for (const part of parts) {
    if (part.same !== undefined && part.same.split !== part.split) throw misplaced(part, parts);
  }
  for (const split of ['train', 'test'] as const) {
    const ofSplit = parts.filter((part) => part.split === split);
    const wrong = ofSplit.find((part) => part.same === undefined);
    const halfKnown = ofSplit.some((part) => part.same !== undefined);
    if (wrong && (required || halfKnown)) throw wrongChecksum(wrong, decoded);
  }
  return false;
}

function partsOf(set: DecodedSplit, split: Split): Part[] {
  const part = (kind: Part['kind'], file: string, elements: Uint8Array): Part => {
    const digest = sha256(elements);
    const same = FASHION_MNIST_FILES.find((published) => published.elementsSha256 === digest);
    return { split, kind, file, sha256: digest, same };
  };
  return [
    part('images', set.imagesFile, set.pixels),
    part('labels', set.labelsFile, bytesOf(set.labels)),
  ];
}

/** As published, a byte a label; larger labels belong to another set, and are hashed as they are. */
function bytesOf(labels: Uint16Array): Uint8Array {
  return largestLabel(labels) <= 0xff
    ? Uint8Array.from(labels)
    : new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
}

function misplaced(part: Part, parts: readonly Part[]): LockstepError {
  const partner = parts.find(({ split, kind }) => split === part.split && kind !== part.kind)!;
  return new LockstepError(
    'DATA_SETS_MISMATCH',
    `${part.file} holds the ${part.kind} of Fashion-MNIST's ${part.same!.split} set, but is read as ` +
      `those of the ${part.split} set, together with ${basename(partner.file)}.`,
    { where: { file: part.file }, hint: 'A file was renamed or mixed up: copy or fetch it again.' },
  );
}

function wrongChecksum(part: Part, decoded: DecodedFolder): LockstepError {
  const set = decoded[part.split];
  const expected = publishedFile(part.split, part.kind);
  const counts = countClasses(set.labels, decoded.classes.length);
  const perClass = set.count / FASHION_MNIST_CLASSES.length;
  const uneven =
    part.kind === 'labels' && counts.some((count) => count !== perClass)
      ? ` Its classes have ${counts.join(', ')} images; ${perClass} each were published.`
      : '';
  return new LockstepError(
    'DATA_CHECKSUM',
    `${part.file} does not hold the published Fashion-MNIST ${part.kind} of the ${part.split} set: ` +
      `they have SHA-256 ${part.sha256}, expected ${expected.elementsSha256}.${uneven}`,
    {
      where: { file: part.file },
      hint: 'Copy or fetch the file again; if it was changed on purpose, put a classes.txt beside it.',
    },
  );
}
