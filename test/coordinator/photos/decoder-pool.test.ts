import { fileURLToPath } from 'node:url';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { DecoderPool } from '#src/coordinator/photos/decoder-pool.js';
import { parseColour, type PhotoOptions } from '#src/shared/photos/photo-options.js';
import { png } from '../../support/photo-files.js';

const options: PhotoOptions = {
  ...{ grey: true, resize: null, fit: 'stretch', background: parseColour('white') },
  ...{ normalize: false, invert: false },
};
const MORTAL = fileURLToPath(new URL('./mortal-decoder.js', import.meta.url));

async function allOf(pool: DecoderPool, paths: readonly string[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for await (const outcome of pool.decode(paths)) {
    outcomes.push('fault' in outcome ? outcome.fault : outcome.pixels[0]);
  }
  pool.close();
  return outcomes;
}

t.test('photographs come in their order, from however many processes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'photos-'));
  const paths = Array.from({ length: 30 }, (_, i) => {
    const path = join(folder, `${String(i)}.png`);
    // Large ones between small ones, so that they are not done in their order.
    const side = i % 7 === 0 ? 400 : 1;
    const values = Array<number>(side * side).fill(i);
    writeFileSync(path, png({ type: 'grey', width: side, height: side, values }));
    return path;
  });
  const want = paths.map((_, i) => i);
  t.same(await allOf(new DecoderPool(options, 2, 3), paths), want);
});

t.test('a photograph that ends its decoder is named, and the others are decoded', async (t) => {
  const paths = ['1', '2', 'exits', '4', 'is killed', 'speaks last', '7'];
  const outcomes = await allOf(new DecoderPool(options, 2, 4, MORTAL), paths);
  t.same(outcomes, [
    ...[1, 2],
    'ended its decoder (exit status 3)',
    4,
    'ended its decoder (signal SIGKILL)',
    'ended its decoder (exit status 4: out of luck)',
    7,
  ]);
});

t.test('whoever stops taking leaves no process behind', async (t) => {
  const pool = new DecoderPool(options, 2, 1, MORTAL);
  for await (const outcome of pool.decode(['1', '2', '3', '4', '5', '6', '7', '8'])) {
    t.ok('pixels' in outcome);
    break;
  }
  pool.close();
  await t.rejects(pool.decode(['1']).next(), { message: /have been ended/ });
});
