import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import type { JavaScriptEngine } from './engine.js';
import type { Golden } from './fixture.js';
import { repository } from './repository.js';

export const EXACT_PROGRAM = 'build/test/golden/exact-program.js';
export const FAST_MATH_PROGRAM = 'build/test/golden/fast-math-program.js';
export const GOLDEN_FILE = join(repository, 'test/golden/golden.json');

/** The pinned results. @throws Error where the kernels are not those that gave them. */
export async function readGolden(): Promise<Golden> {
  const golden = JSON.parse(await readFile(GOLDEN_FILE, 'utf8')) as Golden;
  const { sha256 } = await loadKernels('plain');
  if (sha256 !== golden.kernels) {
    throw new Error(
      `The golden results belong to the kernels ${golden.kernels}; dist/ has ${sha256}. Where the ` +
        'change of bits is meant, run `npm run golden:pin` and say why in the CHANGELOG.',
    );
  }
  return golden;
}

/** One engine's results against the pinned ones, and how long it took. */
export async function checkEngine(
  test: Test,
  engine: JavaScriptEngine,
  timeoutMillis: number,
): Promise<void> {
  const golden = await readGolden();
  const started = performance.now();
  const results = await engine.run(EXACT_PROGRAM, timeoutMillis);
  test.comment(`${engine.name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  test.strictSame(results, golden.cases, `${engine.name} gives the golden weights and losses`);
}
