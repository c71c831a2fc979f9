/** Images as CSV text: the other way of `csv.ts`. */
import type { ImageSet } from './image-set.js';
import { pixelsOf } from './image-shape.js';

const COMMA = 0x2c;
const LF = 0x0a;
/** Lines are handed on in pieces of about this size. */
const CHUNK_BYTES = 1 << 20;

/** The decimal digits of 0 … 255. */
const DIGITS: readonly Uint8Array[] = Array.from({ length: 256 }, (_, value) =>
  new TextEncoder().encode(String(value)),
);

/**
 * Yields the text in pieces; each is a view that is overwritten by the next.
 * The header is Kaggle's: `label,pixel1,pixel2,…`.
 */
export function* encodeCsv(
  images: Pick<ImageSet, 'count' | 'shape' | 'pixels' | 'labels'>,
  options: { readonly header: boolean },
): Generator<Uint8Array, void, undefined> {
  const { count, shape, pixels, labels } = images;
  const width = pixelsOf(shape);
  if (options.header) {
    const names = Array.from({ length: width }, (_, i) => `pixel${i + 1}`);
    yield new TextEncoder().encode(`label,${names.join(',')}\n`);
  }
  const mostLineBytes = 6 + 4 * width;
  const chunk = new Uint8Array(Math.max(CHUNK_BYTES, mostLineBytes));
  let filled = 0;
  for (let row = 0; row < count; row++) {
    if (filled + mostLineBytes > chunk.length) {
      yield chunk.subarray(0, filled);
      filled = 0;
    }
    const label = String(labels[row]!);
    for (let i = 0; i < label.length; i++) chunk[filled++] = label.charCodeAt(i);
    const end = (row + 1) * width;
    for (let at = row * width; at < end; at++) {
      const digits = DIGITS[pixels[at]!]!;
      chunk[filled++] = COMMA;
      for (let i = 0; i < digits.length; i++) chunk[filled++] = digits[i]!;
    }
    chunk[filled++] = LF;
  }
  yield chunk.subarray(0, filled);
}
