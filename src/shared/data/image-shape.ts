/** Sizes of images as users write them, and as files imply them. */
import { LockstepError } from '../errors.js';
import type { ImageShape } from './image-set.js';

export function pixelsOf(shape: ImageShape): number {
  return shape.height * shape.width * shape.channels;
}

export function formatShape({ height, width, channels }: ImageShape): string {
  return `${height}x${width}x${channels}`;
}

export function sameShape(a: ImageShape, b: ImageShape): boolean {
  return a.height === b.height && a.width === b.width && a.channels === b.channels;
}

/**
 * `28x28` or `32x32x3`: height, width, and channels (1 where left out).
 * @throws LockstepError DATA_SHAPE_INVALID
 */
export function parseShape(text: string): ImageShape {
  const match = /^(\d{1,5})x(\d{1,5})(?:x(\d{1,5}))?$/.exec(text.trim());
  if (match === null) throw wrongShape(`"${text}" is no image size`);
  return checkShape(
    { height: Number(match[1]), width: Number(match[2]), channels: Number(match[3] ?? 1) },
    `"${text}"`,
  );
}

/**
 * Checks a value from a JSON file: `{"height": 32, "width": 32, "channels": 3}`.
 * @throws LockstepError DATA_SHAPE_INVALID
 */
export function checkShape(value: unknown, subject: string): ImageShape {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongShape(`${subject} is not an object`);
  }
  const given = value as Record<string, unknown>;
  const unknown = Object.keys(given).find((key) => !/^(height|width|channels)$/.test(key));
  if (unknown !== undefined) throw wrongShape(`${subject} has an unknown key "${unknown}"`);
  const size = (key: string, otherwise?: number): number => {
    const got = given[key] ?? otherwise;
    if (typeof got === 'number' && Number.isInteger(got) && got >= 1 && got <= 65535) return got;
    throw wrongShape(`${subject} has ${key} ${JSON.stringify(got)}; expected 1 to 65535`);
  };
  return { height: size('height'), width: size('width'), channels: size('channels', 1) };
}

/** One channel and a square, where `pixels` is a square number. */
export function squareShape(pixels: number): ImageShape | undefined {
  const side = Math.round(Math.sqrt(pixels));
  return side >= 1 && side * side === pixels
    ? { height: side, width: side, channels: 1 }
    : undefined;
}

function wrongShape(what: string): LockstepError {
  return new LockstepError('DATA_SHAPE_INVALID', `${what}.`, {
    hint: 'Give HEIGHTxWIDTHxCHANNELS, for example --shape 32x32x3, or a shape.json {"height": 32, "width": 32, "channels": 3}.',
  });
}
