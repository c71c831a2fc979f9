import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Checkpoint } from '#src/coordinator/run-folder/checkpoint-format.js';
import { CheckpointStore } from '#src/coordinator/run-folder/checkpoint-store.js';
import type { LockstepError } from '#src/shared/errors.js';

const IDENTITY = { model: 'abc', data: 'def' };

/** Weights all equal to the step, so that a mix of two checkpoints would show. */
function sample(step: number): Checkpoint {
  const weights = new Float32Array(1000).fill(step);
  return {
    step,
    epoch: 1,
    identity: IDENTITY,
    digests: { weights: `digest-${String(step)}` },
    state: { learningRate: 0.001, best: null },
    sections: new Map([
      ['weights', new Uint8Array(weights.buffer)],
      ['seen', new Uint8Array([1, 2, 3])],
    ]),
  };
}

async function storeIn(folder: string, keep = 2): Promise<CheckpointStore> {
  const store = new CheckpointStore(folder, keep);
  await store.prepare();
  return store;
}

t.test('a saved checkpoint comes back with every field and byte', async (t) => {
  const store = await storeIn(t.testdir());
  const saved = sample(7);
  await store.save(saved);
  const found = await store.newestValid(() => t.fail('nothing is corrupt'));
  t.same({ ...found?.checkpoint, sections: null }, { ...saved, sections: null });
  const bytes = found?.checkpoint.sections.get('weights');
  t.ok(bytes);
  t.equal(bytes!.byteOffset % 64, 0, 'sections lie at 64-byte borders');
  t.same(new Float32Array(bytes!.buffer, bytes!.byteOffset, 1000), new Float32Array(1000).fill(7));
  t.same([...found!.checkpoint.sections.get('seen')!], [1, 2, 3]);
});

t.test('a section in shared memory is written as it stands', async (t) => {
  const store = await storeIn(t.testdir());
  const shared = new Uint8Array(new SharedArrayBuffer(3_000_001)).fill(9);
  await store.save({ ...sample(1), sections: new Map([['arena', shared]]) });
  const found = await store.newestValid(() => t.fail('nothing is corrupt'));
  t.equal(Buffer.compare(found!.checkpoint.sections.get('arena')!, Buffer.alloc(3_000_001, 9)), 0);
});

t.test('only the newest are kept, in the order of steps', async (t) => {
  const folder = t.testdir();
  const store = await storeIn(folder, 2);
  for (const step of [9, 10, 99_999_999, 100_000_000]) await store.save(sample(step));
  t.same((await readdir(folder)).sort(), ['step-100000000.ckpt', 'step-99999999.ckpt']);
  t.equal((await store.newestValid(() => undefined))?.checkpoint.step, 100_000_000);
});

t.test('damage is found wherever it is, named, and the older checkpoint taken', async (t) => {
  const whole = async (dir: string): Promise<string> => {
    const store = await storeIn(dir);
    await store.save(sample(1));
    return store.save(sample(2));
  };
  const size = (await readFile(await whole(t.testdir()))).length;
  const places = [0, 8, 13, 20, 400, size - 40, size - 1];
  for (const place of places) {
    await t.test(`byte ${String(place)} of ${String(size)} flipped`, async (t) => {
      const folder = t.testdir();
      const path = await whole(folder);
      const content = await readFile(path);
      content[place]! ^= 1;
      await writeFile(path, content);
      const skipped: LockstepError[] = [];
      const found = await (await storeIn(folder)).newestValid((error) => skipped.push(error));
      t.equal(found?.checkpoint.step, 1);
      t.equal(skipped.length, 1);
      t.equal(skipped[0]?.code, 'CHECKPOINT_CORRUPT');
      t.match(skipped[0]?.message, 'step-00000002.ckpt');
    });
  }
  for (const length of [0, 5, 12, 40, 500, size - 1]) {
    await t.test(`cut to ${String(length)} bytes`, async (t) => {
      const folder = t.testdir();
      await truncate(await whole(folder), length);
      const found = await (await storeIn(folder)).newestValid(() => undefined);
      t.equal(found?.checkpoint.step, 1);
    });
  }
});

t.test('a corrupt file of a later step does not crowd out valid ones', async (t) => {
  const folder = t.testdir();
  const store = await storeIn(folder, 2);
  await store.save(sample(10));
  await truncate(await store.save(sample(20)), 100);
  await store.save(sample(11));
  t.same(await store.steps(), [20, 11, 10]);
  await store.save(sample(20));
  const found = await store.newestValid(() => t.fail('the corrupt file was replaced'));
  t.equal(found?.checkpoint.step, 20);
});

t.test('there is none in an empty folder', async (t) => {
  const store = await storeIn(t.testdir());
  t.equal(await store.newestValid(() => t.fail('nothing is there')), null);
});

const CRASH_POINTS = [
  'checkpoint:opened',
  'checkpoint:header',
  'checkpoint:half:weights',
  'checkpoint:half:seen',
  'checkpoint:written',
  'checkpoint:synced',
  'checkpoint:renamed',
  'checkpoint:done',
  'checkpoint:pruned',
];

t.test('a process killed at any point of a save leaves a whole checkpoint', async (t) => {
  const child = fileURLToPath(new URL('./save-and-die.js', import.meta.url));
  for (const point of CRASH_POINTS) {
    await t.test(point, async (t) => {
      const folder = t.testdir();
      const process = spawn(globalThis.process.execPath, [child, folder, point], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const [, signal] = (await once(process, 'exit')) as [number | null, string | null];
      t.equal(signal, 'SIGKILL', 'the child came to that point');
      const store = await storeIn(folder);
      const found = await store.newestValid((error) => t.fail(error.message));
      const named = CRASH_POINTS.indexOf(point) >= CRASH_POINTS.indexOf('checkpoint:renamed');
      t.equal(found?.checkpoint.step, named ? 3 : 2);
      const bytes = found!.checkpoint.sections.get('weights')!;
      const weights = new Float32Array(bytes.buffer, bytes.byteOffset, 1000);
      t.ok(weights.every((value) => value === found!.checkpoint.step));
      t.notOk((await readdir(folder)).some((name) => name.endsWith('.partial')));
    });
  }
});

t.test('a full disk ends the save with free space named, and spares the older one', async (t) => {
  const folder = t.testdir();
  const store = await storeIn(folder);
  await store.save(sample(1));
  // Every write to /dev/full fails with ENOSPC, as on a full disk.
  await symlink('/dev/full', join(folder, 'step-00000002.ckpt.partial'));
  await t.rejects(store.save(sample(2)), {
    code: 'RUN_FOLDER_DISK_FULL',
    message: new RegExp(`step-00000002.ckpt could not be written \\(ENOSPC\\): [\\d.]+ MB free in`),
    where: { path: join(folder, 'step-00000002.ckpt') },
  });
  t.notOk(existsSync(join(folder, 'step-00000002.ckpt.partial')));
  const found = await store.newestValid((error) => t.fail(error.message));
  t.equal(found?.checkpoint.step, 1);
});
