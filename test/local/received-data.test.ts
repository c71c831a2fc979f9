import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { piecesOf } from '#src/coordinator/cluster/blobs.js';
import { digestOf } from '#src/coordinator/data/decoded-cache.js';
import { receiveData } from '#src/local/received-data.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { layoutOf } from '#src/shared/data/data-set-layout.js';
import { blocksOf } from '#src/shared/data/stored-images.js';
import { inMemory, isStored } from '#src/shared/data/stored-set.js';
import type { WantData } from '#src/shared/wire/session.js';
import { BlobFetch } from '#src/worker/cluster/blob-fetch.js';

// A data set of 2.6 MB on its way to a worker whose memory has room for it, or has not.
const CLASSES = ['a', 'b'];
const SIZES = { shape: { height: 50, width: 50, channels: 1 }, trainCount: 1000, testCount: 50 };
const { byteLength, trainLabels, testPixels, testLabels } = layoutOf(SIZES);
const bytes = new Uint8Array(byteLength);
bytes.set(randomBytes(2_500_000), 0);
bytes.set(randomBytes(125_000), testPixels);
for (let i = 0; i < 500; i++) bytes[trainLabels + 2 * i] = 1;
bytes[testLabels + 2] = 1;
const digest = digestOf(bytes, SIZES, 2);
const manifest = { name: 'mine', digest, classes: CLASSES, ...SIZES.shape, trainCount: 1000, testCount: 50, bytes: byteLength }; // prettier-ignore

/** `before`: what each answer waits for. */
async function receiveAs(
  worker: string,
  cache: string,
  dataMemory: number | null,
  before: Promise<unknown> = Promise.resolve(),
) {
  process.env['LOCKSTEP_CACHE'] = cache;
  const wants: WantData[] = [];
  const fetch: BlobFetch = new BlobFetch(async (message) => {
    wants.push(message as WantData);
    await before;
    for (const piece of piecesOf(new Map([[digest, bytes]]), message as WantData)) fetch.deliver(piece); // prettier-ignore
  });
  const world = { processors: 1, now: new Date(0), cwd: '/' };
  const config = resolveConfig({ dataMemory, microBatch: 16 }, world);
  const data = await receiveData(manifest, fetch, { worker, config, notice: () => undefined });
  return { data, wants };
}

async function receive(cache: string, dataMemory: number | null) {
  const { data, wants } = await receiveAs('w 1', cache, dataMemory);
  const pixels = isStored(data.train)
    ? Buffer.concat(Array.from(blocksOf(data.train), (block) => Buffer.from(block)))
    : Buffer.from(inMemory(data.train).pixels);
  t.ok(pixels.equals(bytes.subarray(0, 2_500_000)), 'the images');
  t.equal(data.train.labels.indexOf(0), 500);
  t.same([...data.test.labels.subarray(0, 3)], [0, 1, 0]);
  return { stored: isStored(data.train), wants: wants.map(({ first, end }) => [first, end]) };
}

const MIB = 1 << 20;
const PART = `received/${digest}.w_1.part`;

t.test('a worker with little memory takes a megabyte at a time, once', async (t) => {
  const cache = join(t.testdir(), 'cache');
  const windows = [[0, MIB], [MIB, 2 * MIB], [2 * MIB, byteLength]]; // prettier-ignore
  t.same(await receive(cache, 1_000_000), { stored: true, wants: windows });
  t.same(await receive(cache, 1_000_000), { stored: true, wants: [] }, 'out of its cache');
  t.same(await receive(cache, null), { stored: false, wants: [] }, 'in memory, from the same file');
  t.same(await receive(cache, byteLength), { stored: false, wants: [] }, 'where it just fits');
  t.same(readdirSync(join(cache, 'received')), [`${digest}.bytes`]);
});

t.test('what has come before a break is not asked for again, unless it is damaged', async (t) => {
  const cache = join(t.testdir(), 'cache');
  mkdirSync(join(cache, 'received'), { recursive: true });
  writeFileSync(join(cache, PART), bytes.subarray(0, 2_000_000));
  t.same((await receive(cache, 1_000_000)).wants, [[2_000_000, byteLength]]);
  t.notOk(existsSync(join(cache, PART)));
  const other = join(t.testdir({ received: {} }), 'other');
  mkdirSync(join(other, 'received'), { recursive: true });
  writeFileSync(join(other, PART), randomBytes(2_000_000));
  const { wants } = await receive(other, 1_000_000);
  t.same(wants.slice(0, 2), [[2_000_000, byteLength], [0, MIB]]); // prettier-ignore
  writeFileSync(join(other, `received/${digest}.bytes`), randomBytes(byteLength));
  t.equal((await receive(other, 1_000_000)).wants.length, 3, 'the cache is damaged');
});

t.test('workers with one cache that receive at the same time read one file', async (t) => {
  const cache = join(t.testdir(), 'cache');
  const whole = join(cache, `received/${digest}.bytes`);
  for (const isDamaged of [false, true]) {
    if (isDamaged) writeFileSync(whole, randomBytes(byteLength));
    const first = receiveAs('first', cache, 1_000_000);
    const second = receiveAs('second', cache, 1_000_000, first);
    const third = receiveAs('third', cache, null, first);
    const { train } = (await first).data;
    for (const { data, wants } of [await second, await third]) {
      t.ok(wants.length > 0, 'both began before the file was there');
      t.equal(data.digest, digest);
    }
    if (!isStored(train)) throw new TypeError('in memory');
    const pixels = Buffer.concat(Array.from(blocksOf(train), (block) => Buffer.from(block)));
    t.ok(pixels.equals(bytes.subarray(0, 2_500_000)), 'the first still reads');
    t.same(readdirSync(join(cache, 'received')), [`${digest}.bytes`]);
    rmSync(whole);
  }
});
