import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { batchesOf, DecoderPool } from '#src/coordinator/photos/decoder-pool.js';
import { DecoderProcess } from '#src/coordinator/photos/decoder-process.js';
import type { Outcome } from '#src/coordinator/photos/photo-messages.js';
import { parseColour, type PhotoOptions } from '#src/shared/photos/photo-options.js';
import { png } from '../../support/photo-files.js';

const options: PhotoOptions = {
  ...{ grey: true, resize: null, fit: 'stretch', background: parseColour('white') },
  ...{ normalize: false, invert: false },
};
const MORTAL = fileURLToPath(new URL('./mortal-decoder.js', import.meta.url));

const firstPixel = (outcome: Outcome): unknown =>
  'fault' in outcome ? outcome.fault : outcome.pixels[0];

async function allOf(pool: DecoderPool, paths: readonly string[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for await (const outcome of pool.decode(paths)) {
    outcomes.push(firstPixel(outcome));
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

const IDLE_MILLISECONDS = 500;

t.test('a decoder that ends while nobody waits is started anew', async (t) => {
  const decoder = new DecoderProcess(options, MORTAL);
  const valueOf = async (path: string): Promise<unknown> => {
    const givenUp = sleep(20_000, 'given up', { ref: false });
    const answer = await Promise.race([decoder.decode([path]), givenUp]);
    return typeof answer === 'string' || 'how' in answer ? answer : firstPixel(answer[0]!);
  };
  t.equal(await valueOf('1 then ends'), 1);
  await sleep(IDLE_MILLISECONDS);
  t.equal(await valueOf('2'), 2);
  decoder.close();
});

t.test('a decoder that does not answer is given up', async (t) => {
  const decoder = new DecoderProcess(options, MORTAL, 300);
  t.same(await decoder.decode(['stalls']), { how: 'no answer for 0.3 s' });
  decoder.close();
});

t.test('a photograph by itself is not blamed for a decoder that dies once', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'photos-')), 'tried');
  t.same(await allOf(new DecoderPool(options, 1, 1, MORTAL), [path, 'exits', '3']), [
    ...[0, 'ended its decoder (exit status 3)', 3],
  ]);
});

t.test('large photographs come one by one, small ones together', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'photos-'));
  const paths = [30, 30, 200, 101, 40, 40, 40, 1, 1, 1, 1].map((bytes, i) => {
    const path = join(folder, String(i));
    writeFileSync(path, Buffer.alloc(bytes));
    return path;
  });
  const batches = [...batchesOf([...paths, 'absent'], 4, 100)];
  const of = (batch: readonly string[]): string =>
    batch.map((path) => path.split('/').at(-1)).join();
  t.same(batches.map(of), ['0,1', '2', '3', '4,5', '6,7,8,9', '10,absent']);
  t.end();
});
