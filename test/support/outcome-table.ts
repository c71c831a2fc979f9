/** How often what came out, row by row. */
export class OutcomeTable {
  readonly #rows = new Map<string, Map<string, number>>();
  readonly #outcomes = new Set<string>();

  count(row: string, outcome: string): void {
    const counts = this.#rows.get(row) ?? new Map<string, number>();
    this.#rows.set(row, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    this.#outcomes.add(outcome);
  }

  total(outcome: string): number {
    return [...this.#rows.values()].reduce((sum, row) => sum + (row.get(outcome) ?? 0), 0);
  }

  toString(): string {
    const columns = [...this.#outcomes].sort();
    const line = (cells: readonly (string | number)[]): string =>
      cells
        .map((cell, i) => (i === 0 ? String(cell).padEnd(24) : String(cell).padStart(22)))
        .join('');
    const body = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      line(['', ...columns]),
      ...body.map(([name, row]) => line([name, ...columns.map((column) => row.get(column) ?? 0)])),
    ].join('\n');
  }
}
