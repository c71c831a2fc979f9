/**
 * What rounding has kept back of the rows and of the sums made here, to be added to the next ones
 * (error feedback). What was rounded for a step counts once the step is applied: where another view
 * does it anew, it begins with what there was before.
 */
export class RoundingCarry {
  readonly #rows: Vector;
  readonly #sums: Vector;
  #lineage = '';
  #isUnsettled = false;

  /** `elements`: of the gradients in a row. */
  constructor(elements: number) {
    this.#rows = new Vector(elements);
    this.#sums = new Vector(elements);
  }

  /** Rounds for values of this lineage from here on. */
  begin(lineage: string): void {
    if (lineage === this.#lineage) return;
    this.#lineage = lineage;
    if (!this.#isUnsettled) return;
    this.#rows.takeBack();
    this.#sums.takeBack();
    this.#isUnsettled = false;
  }

  /** The step is applied. */
  settle(): void {
    if (!this.#isUnsettled) return;
    this.#rows.settle();
    this.#sums.settle();
    this.#isUnsettled = false;
  }

  /** float32 [length]: to be read and written, from element `first` on. */
  of(what: 'rows' | 'sums', first: number, length: number): Float32Array {
    this.#isUnsettled = true;
    const { now } = what === 'rows' ? this.#rows : this.#sums;
    return now.subarray(first, first + length);
  }
}

class Vector {
  readonly now: Float32Array;
  readonly #settled: Float32Array;

  constructor(elements: number) {
    this.now = new Float32Array(elements);
    this.#settled = new Float32Array(elements);
  }

  settle(): void {
    this.#settled.set(this.now);
  }

  takeBack(): void {
    this.now.set(this.#settled);
  }
}
