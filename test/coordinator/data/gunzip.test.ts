import t from 'tap';
import { gzipSync } from 'node:zlib';
import { gunzipIdx } from '#src/coordinator/data/gunzip.js';
import { encodeIdxImages } from '#src/shared/data/idx.js';
import { LockstepError } from '#src/shared/errors.js';
import { testRandom } from '../../support/random.js';

const shape = { height: 28, width: 28, channels: 1 };

function noisyImages(count: number, below: (n: number) => number): Uint8Array {
  const pixels = Uint8Array.from({ length: count * 784 }, () => below(256));
  return encodeIdxImages(count, shape, pixels);
}

const invalid = (message: RegExp) => ({ code: 'DATA_GZIP_INVALID', message });

t.test(
  'a packed file is unpacked, also one of several members or with a name inside',
  async (t) => {
    const idx = noisyImages(50, testRandom('gunzip').below);
    t.same(gunzipIdx(gzipSync(idx), 'images', 'f'), Buffer.from(idx));
    const members = Buffer.concat([gzipSync(idx.subarray(0, 5000)), gzipSync(idx.subarray(5000))]);
    t.same(gunzipIdx(members, 'images', 'f'), Buffer.from(idx));
    const plain = gzipSync(idx);
    const named = Buffer.concat([plain.subarray(0, 10), Buffer.from('name\0'), plain.subarray(10)]);
    named[3] = 8;
    t.same(gunzipIdx(named, 'images', 'f'), Buffer.from(idx));
  },
);

t.test('a file that is cut short anywhere is refused', async (t) => {
  const packed = gzipSync(noisyImages(50, testRandom('cut').below));
  for (const length of [2, 9, 10, 15, 30, 1000, packed.length >> 1, packed.length - 1]) {
    t.throws(
      () => gunzipIdx(packed.subarray(0, length), 'images', 'f'),
      invalid(
        new RegExp(`^f is cut short: (it ends at byte ${length}|${length} compressed bytes)`),
      ),
      `${length} bytes`,
    );
  }
});

t.test('damage is refused, with its place where that can be told', async (t) => {
  const idx = noisyImages(2000, testRandom('damage').below);
  const packed = gzipSync(idx);
  const wrongTrailer = Buffer.from(packed);
  wrongTrailer[packed.length - 6]! ^= 1;
  t.throws(
    () => gunzipIdx(wrongTrailer, 'images', 'f'),
    invalid(/has not the checksum in its trailer/),
  );
  // Noise is stored in blocks, each with its length and the complement of it.
  const stored = gzipSync(idx, { level: 0 });
  const broken = Buffer.from(stored);
  let header = 10;
  while (header < 700_000) header += 5 + broken.readUInt16LE(header + 1);
  broken[header + 3]! ^= 0xff;
  const error = t.throws(() => gunzipIdx(broken, 'images', 'f')) as unknown as LockstepError;
  const [, from, to] = /damaged between byte (\d+) and byte (\d+)/.exec(error.message) ?? [];
  t.ok(Number(from) <= header + 5 && header <= Number(to), error.message);
  t.ok(Number(to) - Number(from) <= 65536);
});

t.test('bytes behind the end, inside or outside the packing, are refused', async (t) => {
  const idx = noisyImages(5, testRandom('surplus').below);
  const packed = gzipSync(idx);
  t.throws(
    () => gunzipIdx(Buffer.concat([packed, Buffer.from('xyz')]), 'images', 'f'),
    invalid(/has bytes behind its end that are no gzip data, between byte 0 and byte 39\d\d/),
  );
  t.throws(
    () => gunzipIdx(Buffer.concat([packed, Buffer.alloc(3)]), 'images', 'f'),
    invalid(new RegExp(`has 3 bytes too many, from byte ${packed.length} on`)),
  );
  const inside = gzipSync(Buffer.concat([idx, Buffer.alloc(10)]));
  t.throws(() => gunzipIdx(inside, 'images', 'f'), invalid(/holds more than the 3936 bytes/));
});

t.test('a header that announces gigabytes is not believed', async (t) => {
  const sizes = [0x7f, 255, 255, 255, 0, 0, 1, 0, 0, 0, 1, 0];
  const header = Buffer.of(0, 0, 8, 3, ...sizes, 1, 2, 3, 4, 5, 6, 7, 8);
  const bomb = gzipSync(Buffer.concat([noisyImages(1, () => 0), Buffer.alloc(100_000_000)]));
  const before = process.memoryUsage().arrayBuffers;
  t.throws(
    () => gunzipIdx(gzipSync(header), 'images', 'f'),
    invalid(/compressed bytes cannot hold the 140737488289808 bytes/),
  );
  t.throws(() => gunzipIdx(bomb, 'images', 'f'), invalid(/holds more than/));
  t.ok(process.memoryUsage().arrayBuffers - before < 16e6);
});

t.test(
  'however a packed file is damaged, it is refused by a coded error or unpacked',
  async (t) => {
    const { below } = testRandom('gzip fuzz');
    const source = gzipSync(noisyImages(3, below));
    for (let round = 0; round < 1500; round++) {
      const bytes = Buffer.from(
        source.subarray(0, below(4) === 0 ? below(source.length) : undefined),
      );
      for (let flips = 1 + below(3); flips > 0 && bytes.length > 0; flips--) {
        bytes[below(bytes.length)]! ^= 1 << below(8);
      }
      try {
        gunzipIdx(bytes, 'images', 'f');
      } catch (error) {
        if (!(error instanceof LockstepError) || !/^DATA_(GZIP|IDX)_INVALID$/.test(error.code)) {
          t.fail(String(error));
        }
      }
    }
  },
);
