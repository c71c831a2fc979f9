import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
/** Where `install-rivals.mjs` puts PyTorch. */
export const venv = join(repository, '.cache/rivals-venv');
export const python = join(venv, 'bin/python');
/** Where it puts Keras, and tfjs-node's binding as published. */
export const kerasVenv = join(repository, '.cache/rivals-keras');
export const kerasPython = join(kerasVenv, 'bin/python');
export const tfjsNode = join(repository, '.cache/rivals-tfjs-node');
/** The training set as plain bytes, for the rivals. */
export const dataFolder = join(repository, 'build/bench');
/** A folder for each kind of processor: figures of one say little of another. */
export const resultsRoot = join(repository, 'benchmarks/results');
export const resultsFolder = join(resultsRoot, slug(os.cpus()[0]?.model ?? 'unknown'));
/** Run folders of benchmarks that go on where they stopped. */
export const runsFolder = join(repository, '.cache/bench-runs');
export const cli = join(repository, 'dist/cli/main.js');
export const benchmark = (path) => join(repository, 'benchmarks', path);

/** A processor's name as a folder's: `Intel(R) Xeon(R) Processor` → `intel-xeon-processor`. */
function slug(name) {
  const words = name.toLowerCase().replaceAll('(r)', ' ').replaceAll('(tm)', ' ');
  return words.match(/[a-z0-9.]+/g)?.join('-') ?? 'unknown';
}
