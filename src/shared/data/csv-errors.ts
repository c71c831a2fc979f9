/** What is wrong with a line of a CSV file of images; looked into only once something is. */
import { LockstepError } from '../errors.js';

const LF = 0x0a;
/** Longer fields are shown in part. */
const SHOWN_CHARACTERS = 24;
/** A line is made into a string only to this length. */
const MOST_LINE_BYTES = 1 << 24;

export interface CsvPlace {
  readonly bytes: Uint8Array;
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
  /** Where the line starts. */
  readonly rowStart: number;
  /** From 0: the field at which reading stopped. */
  readonly column: number;
  /** Columns that each line must have. */
  readonly columns: number;
}

export function explainCsvField(place: CsvPlace): LockstepError {
  const { bytes, file, line, rowStart, column, columns } = place;
  const lineFeed = bytes.indexOf(LF, rowStart);
  const rowEnd = Math.min(lineFeed < 0 ? bytes.length : lineFeed, rowStart + MOST_LINE_BYTES);
  const text = new TextDecoder('latin1').decode(bytes.subarray(rowStart, rowEnd));
  const fields = text.replace(/\r$/, '').split(',');
  const field = (fields[column] ?? '').trim();
  const at = rowStart + fields.slice(0, column).reduce((sum, f) => sum + f.length + 1, 0);
  const position = `column ${column + 1}, byte ${at}`;
  // A wrong field in front of the place where columns run out is the better explanation, so the
  // number of columns is named only where the field itself is in order.
  const fault = faultOf(field, column === 0);
  const what =
    text.trim() === ''
      ? `is empty (byte ${rowStart})`
      : column >= fields.length || fault === undefined
        ? `has ${fields.length} columns; expected ${columns}, as in the lines before`
        : `${fault} (${position}); expected ${expectedOf(column === 0)}`;
  const isLast = lineFeed < 0 && fields.length < columns;
  return new LockstepError('DATA_CSV_INVALID', `${file}, line ${line}: the line ${what}.`, {
    where: { file, line, column: column + 1, byte: at },
    hint: isLast
      ? 'The file ends in the middle of a line: copy or fetch it again.'
      : 'Each line must read label,pixel,pixel,… in whole numbers; see docs/data.md, "CSV".',
  });
}

function expectedOf(isLabel: boolean): string {
  return isLabel ? 'a label, 0 to 65535' : 'a pixel, 0 to 255';
}

function faultOf(field: string, isLabel: boolean): string | undefined {
  const shown =
    field.length > SHOWN_CHARACTERS ? `"${field.slice(0, SHOWN_CHARACTERS)}…"` : `"${field}"`;
  if (field === '') return 'has an empty field';
  if (/^\d+$/.test(field)) {
    return Number(field) > (isLabel ? 65535 : 255) ? `has ${shown}, out of range` : undefined;
  }
  if (/^-\d+$/.test(field)) return `has ${shown}, a negative number`;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(field)) {
    return `has ${shown}, which is not in decimal digits alone`;
  }
  return `has ${shown}, which is no number`;
}
