import type { TestRandom } from '../../support/random.js';
import { cellOf, nameOf, type Cell } from './cells.js';
import type { Strike } from './fault.js';

/** The cells of the table that are still empty, in a random order, and what has struck so far. */
export class ToDo {
  readonly #cells: Cell[];
  readonly #counts = new Map<string, number>();

  /** `first`: name of the cell to begin with. */
  constructor(cells: readonly Cell[], random: TestRandom, first: string | null) {
    const order = [...cells];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const wanted = cells.filter((cell) => nameOf(cell) === first);
    this.#cells = [...wanted, ...order.filter((cell) => nameOf(cell) !== first)];
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get empty(): string[] {
    return this.#cells.map(nameOf).filter((name) => !this.#counts.has(name));
  }

  /** null: no cell is empty, or whatever is left is being tried. */
  next(): Cell | null {
    for (;;) {
      const cell = this.#cells.shift();
      if (cell === undefined) return null;
      if (!this.#counts.has(nameOf(cell))) return cell;
    }
  }

  /** What did not come to pass is tried again, after all others. */
  done(cell: Cell, struck: readonly Strike[]): void {
    for (const name of struck.map(cellOf)) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    if (!this.#counts.has(nameOf(cell))) this.#cells.push(cell);
  }
}
