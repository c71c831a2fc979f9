/** Names and numbers of classes. */
import { LockstepError } from '../errors.js';

const MOST_CLASSES = 65536;

/** `0`, `1`, … for labels without names. */
export function numberedClasses(count: number): string[] {
  return Array.from({ length: count }, (_, label) => String(label));
}

/** One name a line, in label order. @throws LockstepError DATA_CLASSES_INVALID */
export function parseClassesText(text: string, file: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  return checkClasses(
    lines.map((line) => line.trim()),
    file,
  );
}

/** A JSON array of names, in label order. @throws LockstepError DATA_CLASSES_INVALID */
export function checkClasses(value: unknown, file: string): string[] {
  if (!Array.isArray(value)) throw wrongClasses(file, 'holds no array');
  if (value.length === 0) throw wrongClasses(file, 'holds no names');
  if (value.length > MOST_CLASSES) {
    throw wrongClasses(file, `holds ${value.length} names; at most ${MOST_CLASSES} are possible`);
  }
  const places = new Map<string, number>();
  return value.map((name: unknown, label) => {
    if (typeof name !== 'string' || name === '') {
      throw wrongClasses(file, `has ${JSON.stringify(name)} as the name of class ${label}`);
    }
    const before = places.get(name);
    if (before !== undefined) {
      throw wrongClasses(file, `names both class ${before} and class ${label} "${name}"`);
    }
    places.set(name, label);
    return name;
  });
}

/** How many images each class has: [classes]. Labels lie below `classes`. */
export function countClasses(labels: Uint16Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return counts;
}

export function largestLabel(labels: Uint16Array): number {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! > largest) largest = labels[i]!;
  return largest;
}

/** @throws LockstepError DATA_LABEL_RANGE naming the first image whose label has no class */
export function checkLabels(labels: Uint16Array, classes: readonly string[], file: string): void {
  const image = labels.findIndex((label) => label >= classes.length);
  if (image < 0) return;
  throw new LockstepError(
    'DATA_LABEL_RANGE',
    `${file}: image ${image} has label ${labels[image]}, but there are ${classes.length} classes: ` +
      `labels run from 0 to ${classes.length - 1}.`,
    { where: { file, image }, hint: 'Correct the label, or name every class in classes.txt.' },
  );
}

function wrongClasses(file: string, what: string): LockstepError {
  return new LockstepError('DATA_CLASSES_INVALID', `${file} ${what}.`, {
    where: { file },
    hint: 'classes.txt holds one name a line, classes.json an array of names, in label order.',
  });
}
