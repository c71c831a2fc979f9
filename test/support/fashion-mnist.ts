/**
 * The real Fashion-MNIST for tests: found or fetched by the product's own code, into
 * $LOCKSTEP_CACHE or into `.cache/` of the repository.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '#src/coordinator/data/load-dataset.js';
import type { DataSet } from '#src/shared/data/data-set.js';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

export function testCache(): string {
  return process.env['LOCKSTEP_CACHE'] || join(REPOSITORY, '.cache');
}

let loaded: Promise<DataSet> | undefined;

export function fashionMnist(): Promise<DataSet> {
  loaded ??= loadDataset({ cache: testCache(), onNotice: say }).then((data) => {
    say(`Fashion-MNIST from ${data.source}`);
    return data;
  });
  return loaded;
}

function say(text: string): void {
  process.stderr.write(`# ${text}\n`);
}
