import { randomBytes } from 'node:crypto';
import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import { noiseDomains, addAttributeNoise } from '#src/shared/data/noise.js';
import { blocksOf, stampOf, StoredImages } from '#src/shared/data/stored-images.js';
import type { StoredSet } from '#src/shared/data/stored-set.js';
import { tagOf, type StepSamples } from '#src/worker/samples/coming-batches.js';
import { SLOT, SLOT_WORDS, STATE } from '#src/worker/samples/read-ahead-memory.js';
import { ReadAhead } from '#src/worker/samples/read-ahead.js';
import { SampleSource } from '#src/worker/samples/sample-source.js';

// Images of 3 × 5 random bytes, behind 7 bytes of something else.
const SHAPE = { height: 3, width: 5, channels: 1 };
const BYTES = 15;
const COUNT = 200;
const PIXELS = randomBytes(COUNT * BYTES);
const folder = t.testdir();
let files = 0;

function storedSet(changes: Partial<StoredSet['stored']> = {}, count = COUNT): StoredSet {
  const file = join(folder, String(++files));
  writeFileSync(file, Buffer.concat([Buffer.alloc(7), PIXELS]));
  const labels = new Uint16Array(new SharedArrayBuffer(2 * count));
  const stored = { file, stamp: stampOf(file), position: 7, places: null, noise: null, ...changes };
  return { shape: SHAPE, count, labels, classes: ['a', 'b'], stored };
}

const shared32 = (values: ArrayLike<number>): Uint32Array => {
  const array = new Uint32Array(new SharedArrayBuffer(4 * values.length));
  array.set(values);
  return array;
};
const imagesOf = (samples: ArrayLike<number>): Buffer =>
  Buffer.concat(Array.from(samples, (i) => PIXELS.subarray(i * BYTES, (i + 1) * BYTES)));

/** An order in which neighbours never lie side by side, and another. */
const ORDERS = [
  shared32(Array.from({ length: COUNT }, (_, i) => (i * 77) % COUNT)),
  shared32(Array.from({ length: COUNT }, (_, i) => (i * 33 + 5) % COUNT)),
] as const;

/** Steps of 40 samples in micro-batches of 8; five of them are an epoch. */
const stepOf = (step: number): StepSamples => ({
  ...{ step, order: (Math.floor(step / 5) % 2) as 0 | 1, first: (step % 5) * 40 },
  ...{ samples: 40, microBatches: 5 },
});
const samplesOf = (step: number, index: number): Uint32Array => {
  const { order, first } = stepOf(step);
  return ORDERS[order].subarray(first + index * 8, first + (index + 1) * 8);
};

function reading(
  set: StoredSet,
  slots: number,
  notice: (text: string) => void = t.fail,
  threads = 1,
) {
  const readAhead = new ReadAhead({
    ...{ sets: [set], threads, batchSize: 40, microBatch: 8, orders: ORDERS },
    memoryBytes: (slots + 2 * threads) * 8 * BYTES,
    notice,
  });
  const source = new SampleSource([set], readAhead.memory);
  const read = (step: number, index: number, samples = samplesOf(step, index)): Buffer =>
    Buffer.from(source.read(0, samples, tagOf(step), index));
  const ask = (step: number): void => {
    readAhead.asked(stepOf(step), { first: 0, end: 5 }, stepOf(step + 1));
  };
  /** Until so many slots hold images; what takes five seconds never comes. */
  const ready = async (count: number): Promise<void> => {
    const { states } = readAhead.memory;
    const isReady = (slot: number): boolean =>
      Atomics.load(states, slot * SLOT_WORDS + SLOT.state) === STATE.ready;
    for (let tries = 0; tries < 5000; tries++) {
      const held = Array.from({ length: slots }, (_, slot) => slot).filter(isReady).length;
      if (held >= count) return;
      await after(1);
    }
    t.fail(`no ${String(count)} slots are ready: ${JSON.stringify(readAhead.report)}`);
  };
  /** Until a slot holds these samples, by the first of them. */
  const holds = async ([first]: Uint32Array): Promise<void> => {
    const { samples } = readAhead.memory;
    for (let tries = 0; tries < 5000; tries++) {
      await ready(1);
      if (Array.from({ length: slots }, (_, slot) => samples[slot * 8]).includes(first)) return;
      await after(1);
    }
    t.fail(`no slot holds sample ${String(first)}`);
  };
  return { readAhead, source, read, ask, ready, holds };
}

t.test('steps get their own images, read ahead with whatever memory there is', async (t) => {
  for (const slots of [1, 3, 10]) {
    const { readAhead, read, ask, ready } = reading(storedSet(), slots);
    for (let step = 0; step < 12; step++) {
      ask(step);
      for (let index = 0; index < 5; index++) {
        // Computing takes its time, and the reader gets on meanwhile.
        await ready(1);
        t.ok(read(step, index).equals(imagesOf(samplesOf(step, index))), `step ${String(step)}`);
      }
    }
    const { ahead, late, bytes } = readAhead.report;
    t.equal(bytes, (slots + 2) * 8 * BYTES, 'no more memory than it was given');
    t.same([ahead, late], [60, 0], 'none had to be waited for');
    await readAhead.close();
  }
});

t.test('whatever was foretold, and however late, the images are those asked for', async (t) => {
  const { readAhead, read, ask, ready } = reading(storedSet(), 10);
  ask(3);
  await ready(10);
  t.ok(read(3, 4).equals(imagesOf(samplesOf(3, 4))));
  // Another step than was foretold; one again; and the same place with other samples, as if the order had changed.
  t.ok(read(7, 1).equals(imagesOf(samplesOf(7, 1))));
  t.ok(read(3, 4).equals(imagesOf(samplesOf(3, 4))));
  const turned = samplesOf(4, 0).slice().reverse();
  t.ok(read(4, 0, turned).equals(imagesOf(turned)));
  const nearly = samplesOf(4, 1).slice();
  nearly[7] = (nearly[7]! + 1) % COUNT;
  t.ok(read(4, 1, nearly).equals(imagesOf(nearly)), 'one sample of eight is another');
  t.ok(read(4, 2, samplesOf(4, 2).slice(0, 7)).equals(imagesOf(samplesOf(4, 2).slice(0, 7))));
  t.match(readAhead.report, { ahead: 1, late: 5 });
  await readAhead.close();
});

t.test('what was foretold in vain gives its place to what is foretold now', async (t) => {
  const { readAhead, read, ask, ready, holds } = reading(storedSet(), 6);
  ask(3);
  await ready(6);
  ask(7);
  for (let index = 0; index < 5; index++) await holds(samplesOf(7, index));
  await ready(6);
  for (let index = 0; index < 5; index++) read(7, index);
  t.match(readAhead.report, { ahead: 5, late: 0 });
  await readAhead.close();
});

t.test('evaluations read ahead in the order of the set', async (t) => {
  const { readAhead, source, ready } = reading(storedSet(), 4);
  const tag = readAhead.evaluated(0, { first: 0, end: 25 });
  for (let index = 0; index < 25; index++) {
    await ready(1);
    const samples = Uint32Array.from({ length: 8 }, (_, i) => index * 8 + i);
    t.ok(Buffer.from(source.read(0, samples, tag, index)).equals(imagesOf(samples)));
  }
  t.match(readAhead.report, { ahead: 25, late: 0 });
  await readAhead.close();
});

t.test('a thread that stands still leaves room for the others', async (t) => {
  const { readAhead, source, ready } = reading(storedSet(), 4, t.fail, 2);
  const tag = readAhead.evaluated(0, { first: 0, end: 24 });
  await ready(4);
  // Of two threads, the first does ten of its micro-batches, and the second none.
  for (let index = 0; index < 10; index++) {
    const samples = Uint32Array.from({ length: 8 }, (_, i) => index * 8 + i);
    await ready(4);
    source.read(0, samples, tag, index);
  }
  t.match(readAhead.report, { ahead: 10, late: 0 });
  await readAhead.close();
});

t.test('samples that lie elsewhere, with noise in them, as in memory', async (t) => {
  const places = shared32(Array.from({ length: 50 }, (_, i) => (i * 3 + 1) % COUNT));
  const plain = storedSet({ places }, 50);
  const whole = Buffer.concat(Array.from(blocksOf(plain), (block) => Buffer.from(block)));
  t.ok(whole.equals(imagesOf(places)), 'blocks of all of them');
  const domains = noiseDomains(blocksOf(plain), BYTES);
  const noisy = storedSet({ places, noise: { level: 0.4, seed: 9, domains } }, 50);
  const expected = { pixels: new Uint8Array(imagesOf(places)), count: 50, shape: SHAPE };
  addAttributeNoise(expected, places, 0.4, 9);
  const samples = Uint32Array.from([4, 5, 6, 7, 20, 49, 0, 1]);
  const { readAhead, source } = reading(noisy, 2);
  const got = Buffer.from(source.read(0, samples, 1, 0));
  const want = Array.from(samples, (i) => expected.pixels.subarray(i * BYTES, (i + 1) * BYTES));
  t.ok(got.equals(Buffer.concat(want)));
  t.notOk(got.equals(imagesOf(Array.from(samples, (i) => places[i]!))), 'there is noise');
  await readAhead.close();
});

t.test('a file that is gone, changed or cut is told, by whoever needs it', async (t) => {
  const code = 'DATA_FILE_UNREADABLE';
  const gone = storedSet();
  renameSync(gone.stored.file, `${gone.stored.file}.moved`);
  t.throws(() => new StoredImages(gone), { code, message: /cannot be opened: ENOENT/ });
  const changed = storedSet();
  writeFileSync(changed.stored.file, randomBytes(7 + COUNT * BYTES));
  t.throws(() => new StoredImages(changed), { code, message: /is not the file that it was/ });
  const cut = storedSet();
  // The reader may find it so too; it says so, and is done without.
  const { readAhead, read, ask } = reading(cut, 10, () => undefined);
  truncateSync(cut.stored.file, 7 + 50 * BYTES);
  ask(0);
  t.throws(() => [0, 1, 2, 3, 4].map((index) => read(0, index)), {
    code,
    message: /ended at byte/,
  });
  await readAhead.close();
});

t.test('memory that holds no micro-batch is refused, with what would do', async (t) => {
  t.throws(() => reading(storedSet(), 0.9), {
    code: 'CONFIG_INVALID',
    message: /dataMemory: 348 bytes cannot hold two micro-batches of 120 bytes/,
    hint: /at least 360 bytes/,
  });
});
