type Cell = string | number | boolean | null;

/** Lines as CSV (RFC 4180): null is an empty field, and fields are quoted where they must be. */
export const csv = (lines: readonly (readonly Cell[])[]): string =>
  lines.map((line) => `${line.map(field).join(',')}\r\n`).join('');

function field(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
