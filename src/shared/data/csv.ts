/**
 * Images as CSV, as Kaggle and others give Fashion-MNIST: a line per image, the label first, then
 * the pixels in the order [height, width, channels], all whole numbers in decimal digits. The
 * first line may be a header. Lines end with LF or CR LF; the last one may lack its end.
 */
import { LockstepError } from '../errors.js';
import { explainCsvField } from './csv-errors.js';
import { formatShape, pixelsOf, squareShape } from './image-shape.js';
import type { ImageShape } from './image-set.js';
import type { DecodedImages } from './idx.js';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const DIGIT_0 = 0x30;
/** A line is made into a string only to this length. */
const MOST_HEADER_BYTES = 1 << 24;
const MAX_PIXEL = 0xff;
const MAX_LABEL = 0xffff;

export interface DecodedCsv extends DecodedImages {
  /** uint16 [count] */
  readonly labels: Uint16Array;
}

/**
 * @param shape sizes of an image; where it is left out, images are squares of one channel
 * @throws LockstepError DATA_CSV_INVALID naming line, column and byte; DATA_SHAPE_INVALID
 */
export function decodeCsv(bytes: Uint8Array, file: string, shape?: ImageShape): DecodedCsv {
  const table = findTable(bytes, file);
  const imageShape = shapeOf(table.columns, file, shape);
  const pixelCount = table.columns - 1;
  // A field takes two bytes at least, so this bound holds however the lines are cut; what is
  // allocated is at most half as long as the file.
  const mostRows = Math.floor((bytes.length - table.start + 1) / (2 * table.columns));
  const rows = Math.min(countLines(bytes, table.start, table.end), mostRows);
  const pixels = new Uint8Array(rows * pixelCount);
  const labels = new Uint16Array(rows);

  let at = table.start;
  let row = 0;
  let written = 0;
  while (at < table.end) {
    const rowStart = at;
    for (let column = 0; column <= pixelCount; column++) {
      let byte = bytes[at]!;
      while (byte === SPACE) byte = bytes[++at]!;
      let value = byte - DIGIT_0;
      const digits = at;
      // An absent byte is undefined: NaN in arithmetic, and no comparison with it holds.
      while (
        value >= 0 &&
        (byte = bytes[++at]! - DIGIT_0) >= 0 &&
        byte <= 9 &&
        value <= MAX_LABEL
      ) {
        value = value * 10 + byte;
      }
      const most = column === 0 ? MAX_LABEL : MAX_PIXEL;
      let wrong = at === digits || bytes[digits]! > DIGIT_0 + 9 || value > most;
      while (bytes[at] === SPACE) at++;
      if (column < pixelCount) wrong ||= bytes[at] !== COMMA;
      else wrong ||= at < table.end && !isLineEnd(bytes, at);
      if (wrong || row >= rows) {
        const line = table.firstLine + row;
        throw explainCsvField({ bytes, file, line, rowStart, column, columns: table.columns });
      }
      if (column === 0) labels[row] = value;
      else pixels[written++] = value;
      at++;
    }
    if (bytes[at - 1] === CR && bytes[at] === LF) at++;
    row++;
  }
  return { count: row, shape: imageShape, pixels, labels };
}

interface Table {
  readonly columns: number;
  /** Place and number (from 1) of the first line that is no header. */
  readonly start: number;
  readonly firstLine: number;
  /** Behind the last byte that is no line end or space. */
  readonly end: number;
}

function findTable(bytes: Uint8Array, file: string): Table {
  const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let start = hasByteOrderMark ? 3 : 0;
  let end = bytes.length;
  while (end > start && bytes[end - 1]! <= SPACE) end--;
  if (end === start) throw wrongTable(file, 'is empty');
  const first = headerFields(bytes, start, end);
  let firstLine = 1;
  if (first !== undefined) {
    start = Math.min(endOfLine(bytes, start) + 1, end);
    firstLine = 2;
    if (start === end) throw wrongTable(file, 'holds a header (line 1) and nothing behind it');
  }
  const columns = countCommas(bytes, start, endOfLine(bytes, start)) + 1;
  if (columns < 2) {
    throw wrongTable(file, `has one column in line ${firstLine}; expected label,pixel,pixel,…`);
  }
  if (first !== undefined) checkHeader(first, columns, file);
  return { columns, start, firstLine, end };
}

/** The names in the first line, where it is a header: letters somewhere, no number in front. */
function headerFields(bytes: Uint8Array, start: number, end: number): string[] | undefined {
  const lineEnd = Math.min(endOfLine(bytes, start), end, start + MOST_HEADER_BYTES);
  // A byte of a header is a letter of ASCII, or part of one of another alphabet.
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, lineEnd)).trim();
  if (/^[\s"]*[-+.\d]/.test(text) || !/[A-Za-z]/.test(text)) return undefined;
  return text.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
}

function checkHeader(names: readonly string[], columns: number, file: string): void {
  const label = names.findIndex((name) => /^(label|class|target|y)$/i.test(name));
  if (label > 0) {
    throw wrongTable(file, `has its labels in column ${label + 1} (line 1); expected in column 1`);
  }
  if (names.length !== columns) {
    throw wrongTable(file, `has ${names.length} columns in line 1 and ${columns} in line 2`);
  }
}

function shapeOf(columns: number, file: string, shape: ImageShape | undefined): ImageShape {
  const pixelCount = columns - 1;
  const found = shape ?? squareShape(pixelCount);
  if (found !== undefined && pixelsOf(found) === pixelCount) return found;
  const expected =
    found === undefined
      ? 'which is no square of one channel'
      : `but ${formatShape(found)} images have ${pixelsOf(found)}`;
  throw new LockstepError(
    'DATA_SHAPE_INVALID',
    `${file} has ${columns} columns: a label and ${pixelCount} pixels, ${expected}.`,
    {
      where: { file },
      hint: 'Give the sizes: --shape HEIGHTxWIDTHxCHANNELS, or a shape.json beside the file.',
    },
  );
}

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
}

function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 1;
  for (let at = start; (at = bytes.indexOf(LF, at)) >= 0 && at < end; at++) lines++;
  return lines;
}

function endOfLine(bytes: Uint8Array, start: number): number {
  const at = bytes.indexOf(LF, start);
  return at < 0 ? bytes.length : at;
}

function countCommas(bytes: Uint8Array, start: number, end: number): number {
  let commas = 0;
  for (let at = start; at < end; at++) if (bytes[at] === COMMA) commas++;
  return commas;
}

function wrongTable(file: string, what: string): LockstepError {
  return new LockstepError('DATA_CSV_INVALID', `${file} ${what}.`, {
    where: { file },
    hint: 'Each line must read label,pixel,pixel,… in whole numbers; see docs/data.md, "CSV".',
  });
}
