import { open } from 'node:fs/promises';
import { unreadable, type NamedTensor } from './named-tensor.js';

/** As far as h5wasm is used here. */
interface Group {
  keys(): string[];
  get(name: string): Group | Dataset | null;
}
interface Dataset {
  readonly shape: number[] | null;
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
      return [...tensorsIn(file as unknown as Group, '')];
    } finally {
      file.close();
    }
  } catch (cause) {
    throw unreadable(named, 'its HDF5 cannot be read', cause);
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

function* tensorsIn(group: Group, prefix: string): Generator<NamedTensor> {
  for (const key of group.keys()) {
    const child = group.get(key);
    if (child === null) continue;
    const name = `${prefix}${key}`;
    if ('keys' in child) {
      yield* tensorsIn(child, `${name}/`);
    } else if (child.value instanceof Float32Array || child.value instanceof Float64Array) {
      const values = Float32Array.from(child.value);
      yield { name: name.replace(/:\d+$/, ''), shape: child.shape ?? [], values };
    }
  }
}
