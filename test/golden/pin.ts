/**
 * `npm run golden:pin`: makes what this Node computes the golden results. Only for a change of
 * bits that is meant; the tests then hold every other engine to them.
 */
import { writeFile } from 'node:fs/promises';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import { EXACT_PROGRAM, GOLDEN_FILE } from './check.js';
import type { Golden } from './fixture.js';
import { makeFixture } from './make-fixture.js';
import { nodeEngine } from './node-engine.js';

await makeFixture(false);
const engine = nodeEngine({ name: 'this Node', command: [process.execPath] });
const golden: Golden = {
  kernels: (await loadKernels('plain')).sha256,
  cases: (await engine.run(EXACT_PROGRAM, 300_000)) as Golden['cases'],
};
await writeFile(GOLDEN_FILE, `${JSON.stringify(golden, null, 2)}\n`);
process.stdout.write(`${GOLDEN_FILE}\n`);
