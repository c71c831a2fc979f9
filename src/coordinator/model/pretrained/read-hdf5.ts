import { open, stat } from 'node:fs/promises';
import { GREATEST_RATIO } from './unzip.js';
import { unreadable, type NamedTensor } from './named-tensor.js';

/** As far as h5wasm is used here. */
interface Group {
  keys(): string[];
  get(name: string): Group | Dataset | null;
}
interface Dataset {
  readonly shape: number[] | null;
  readonly dtype: unknown;
  /** Read anew each time. */
  readonly value: unknown;
}

/**
 * Every array of floating-point numbers in an HDF5 file, by its path, with Keras's ending `:0` taken
 * off. `named`: what errors call the file.
 *
 * Errors: MODEL_PRETRAINED_INVALID.
 */
export async function readHdf5(path: string, named = path): Promise<readonly NamedTensor[]> {
  // The library would write a page of its own about it to standard error.
  if (!(await hasSignature(path))) throw unreadable(named, 'it is no HDF5 file');
  // Loaded by those alone who read such a file. This build of it reads files where they are.
  const { default: h5wasm } = await import('h5wasm/node');
  await h5wasm.ready;
  try {
    const file = new h5wasm.File(path, 'r');
    try {
      const bytes = Math.min(MOST_BYTES, (await stat(path)).size * GREATEST_RATIO);
      return new Walk(bytes).all(file as unknown as Group);
    } finally {
      file.close();
    }
  } catch (cause) {
    const why = cause instanceof RangeError ? `: ${cause.message}` : '';
    throw unreadable(named, `its HDF5 cannot be read${why}`, cause);
  }
}

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

async function hasSignature(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const first = Buffer.alloc(SIGNATURE.length);
    await file.read(first, 0, first.length, 0);
    return first.equals(SIGNATURE);
  } finally {
    await file.close();
  }
}

/** More weights than a run has room for. */
const MOST_BYTES = 4_294_967_296;
/** Links may lead back to a group that they are in, and the library does not tell which one it is. */
const MOST_LEVELS = 16;
const MOST_ENTRIES = 100_000;

class Walk {
  #bytesLeft: number;
  #entriesLeft = MOST_ENTRIES;

  /** `bytes`: more than the file can hold. */
  constructor(bytes: number) {
    this.#bytesLeft = bytes;
  }

  /** Throws RangeError where the file says that it holds more than it can. */
  all(file: Group): readonly NamedTensor[] {
    return [...this.#tensorsIn(file, '', 1)];
  }

  *#tensorsIn(group: Group, prefix: string, level: number): Generator<NamedTensor> {
    if (level > MOST_LEVELS) throw new RangeError(`groups go deeper than ${MOST_LEVELS} levels`);
    for (const key of group.keys()) {
      if (--this.#entriesLeft < 0) throw new RangeError(`more than ${MOST_ENTRIES} entries`);
      const child = group.get(key);
      if (child === null) continue;
      const name = `${prefix}${key}`;
      if ('keys' in child) {
        yield* this.#tensorsIn(child, `${name}/`, level + 1);
        continue;
      }
      const values = this.#valuesOf(child);
      if (values !== null) {
        yield { name: name.replace(/:\d+$/, ''), shape: child.shape ?? [], values };
      }
    }
  }

  /** null: they are no floating-point numbers. */
  #valuesOf(dataset: Dataset): Float32Array | null {
    // Ends of links that lead nowhere have no type at all.
    const kind = /^[<>]([fd])$/.exec(String(dataset.dtype))?.[1];
    if (kind === undefined) return null;
    const count = (dataset.shape ?? []).reduce((product, size) => product * size, 1);
    this.#bytesLeft -= count * (kind === 'f' ? 4 : 8);
    if (this.#bytesLeft < 0) throw new RangeError('its arrays say that they are larger than it can be'); // prettier-ignore
    const { value } = dataset;
    const isKnown = value instanceof Float32Array || value instanceof Float64Array;
    return isKnown ? Float32Array.from(value) : null;
  }
}
