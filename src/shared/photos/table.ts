/**
 * A table of comma-separated values, as RFC 4180 has it: a header, fields in double quotes where
 * they hold commas or line ends. Lines end with LF or CR LF.
 */
import { LockstepError } from '../errors.js';

/**
 * What to do with a line of more fields than the header: an `error`, or they are taken for commas
 * within the last field (`joinLast`), and quotes that are not closed on their line for themselves.
 */
export type ExtraCommas = 'error' | 'joinLast';

export interface TableRow {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  /** As many as columns. */
  readonly fields: readonly string[];
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** Lines with more fields than columns, that were joined. */
  readonly joinedLines: number;
}

/** Empty lines are passed over. Throws DATA_TABLE_INVALID naming file and line. */
export function parseTable(text: string, file: string, extraCommas: ExtraCommas): Table {
  const reader = new TableReader(text.replace(/^\ufeff/, ''), file, extraCommas === 'joinLast');
  const header = reader.next();
  if (header === null) throw wrongTable(file, 1, 'there is no header');
  const columns = header.fields.map((name) => name.trim());
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw wrongTable(file, 1, `two columns are called "${twice}"`);
  const rows: TableRow[] = [];
  let joinedLines = 0;
  for (let row = reader.next(); row !== null; row = reader.next()) {
    const { line, fields } = row;
    const surplus = fields.length - columns.length;
    if (surplus < 0 || (surplus > 0 && extraCommas === 'error')) {
      const what = `${fields.length} fields, and the header ${columns.length}`;
      throw wrongTable(file, line, `it has ${what}`);
    }
    if (surplus > 0) {
      joinedLines++;
      fields.splice(columns.length - 1, surplus + 1, fields.slice(columns.length - 1).join(','));
    }
    rows.push({ line, fields });
  }
  return { columns, rows, joinedLines };
}

class TableReader {
  #at = 0;
  #line = 1;

  constructor(
    readonly text: string,
    readonly file: string,
    readonly isLoose: boolean,
  ) {}

  /** The next line that is not empty. */
  next(): { line: number; fields: string[] } | null {
    const { text } = this;
    while (this.#at < text.length) {
      const line = this.#line;
      const fields = this.#fields();
      if (fields.length > 1 || fields[0]!.trim() !== '') return { line, fields };
    }
    return null;
  }

  #fields(): string[] {
    const fields: string[] = [];
    for (;;) {
      fields.push(this.text[this.#at] === '"' ? this.#quoted() : this.#plain());
      if (this.text[this.#at] !== ',') break;
      this.#at++;
    }
    if (this.text[this.#at] === '\r') this.#at++;
    this.#at++;
    this.#line++;
    return fields;
  }

  #plain(): string {
    const { text } = this;
    const delimiter = /[,\n]/g;
    delimiter.lastIndex = this.#at;
    const end = delimiter.exec(text)?.index ?? text.length;
    const isLast = text[end] !== ',';
    const field = text.slice(this.#at, end);
    this.#at = end;
    return isLast ? field.replace(/\r$/, '') : field;
  }

  #quoted(): string {
    const { text, isLoose } = this;
    for (let at = this.#at + 1; at < text.length; at++) {
      if (isLoose && text[at] === '\n') break;
      if (text[at] !== '"') continue;
      if (text[at + 1] === '"') {
        at++;
      } else if (/^(,|\r?\n|\r?$)/.test(text.slice(at + 1, at + 3))) {
        const field = text.slice(this.#at + 1, at);
        this.#at = at + 1;
        this.#line += field.split('\n').length - 1;
        return field.replaceAll('""', '"');
      } else break;
    }
    if (isLoose) return this.#plain();
    throw wrongTable(this.file, this.#line, 'a quote is not closed, or text follows it');
  }
}

/** The place of a column. Throws DATA_TABLE_INVALID. */
export function columnOf({ columns }: Table, name: string, file: string): number {
  const at = columns.indexOf(name);
  if (at >= 0) return at;
  throw wrongTable(file, 1, `no column is called "${name}": there are ${columns.join(', ')}`);
}

export function wrongTable(file: string, line: number, what: string): LockstepError {
  return new LockstepError('DATA_TABLE_INVALID', `${file}, line ${String(line)}: ${what}.`, {
    where: { file, line },
    hint: 'Correct the line; docs/data.md, "Photographs", says what a table holds.',
  });
}
