import type { Split } from '../../shared/data/fashion-mnist.js';

/** One photograph, as it is listed: of no class yet, but of a name. */
export interface NamedPhoto {
  readonly path: string;
  /** The folder it lies in, or what its line in the table says. */
  readonly name: string;
  /** Where that is told; null: it is to be drawn. */
  readonly split: Split | null;
}

export interface Listing {
  readonly photos: readonly NamedPhoto[];
  /** Files that are no photographs by their names, and were passed over. */
  readonly otherFiles: readonly string[];
  /** Photographs of the table that are not there. */
  readonly missing: readonly string[];
  /** Lines of the table with commas within their last field. */
  readonly joinedLines: number;
}

/** Where a table says what a photograph is. */
export interface TableColumns {
  /** Path of the photograph, `{column}` standing for what a column says. */
  readonly photo: string;
  readonly label: string;
  /** A column that says `train` or `test`; null: it is drawn. */
  readonly split: string | null;
}
