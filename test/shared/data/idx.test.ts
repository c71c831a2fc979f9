import t from 'tap';
import {
  decodeIdxImages,
  decodeIdxLabels,
  encodeIdxImages,
  encodeIdxLabels,
  readIdxHeader,
} from '#src/shared/data/idx.js';
import { LockstepError } from '#src/shared/errors.js';
import { testRandom } from '../../support/random.js';

/** Two images of 2 × 3 pixels. */
const IMAGES = Uint8Array.of(
  ...[0, 0, 8, 3],
  ...[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3],
  ...[1, 2, 3, 4, 5, 6],
  ...[250, 251, 252, 253, 254, 255],
);
const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 255);

const invalid = (message: RegExp) => ({ code: 'DATA_IDX_INVALID', message });

t.test('images of rank 3 are read as one channel, and of rank 4 as many', async (t) => {
  const gray = decodeIdxImages(IMAGES, 'f');
  t.equal(gray.count, 2);
  t.same(gray.shape, { height: 2, width: 3, channels: 1 });
  t.same([...gray.pixels], [1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);
  const header = [0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
  const colour = decodeIdxImages(Uint8Array.of(...header, 1, 2, 3, 4, 5, 6), 'f');
  t.same(colour.shape, { height: 1, width: 2, channels: 3 });
  t.same([...colour.pixels], [1, 2, 3, 4, 5, 6]);
});

t.test('labels are read as uint8, int16 or int32', async (t) => {
  t.same([...decodeIdxLabels(LABELS, 'f')], [7, 0, 255]);
  const short = Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 2, 0x01, 0x02, 0x7f, 0xff);
  t.same([...decodeIdxLabels(short, 'f')], [258, 32767]);
  const long = Uint8Array.of(0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0, 0, 0, 1);
  t.same([...decodeIdxLabels(long, 'f')], [65535, 1]);
  t.throws(
    () => decodeIdxLabels(Uint8Array.of(0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 1, 0, 0), 'f'),
    invalid(/^f says that image 0 has label 65536 \(byte 8\); labels are .* to 65535\.$/),
  );
  t.throws(
    () => decodeIdxLabels(Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xff), 'f'),
    invalid(/label -1 \(byte 8\)/),
  );
});

t.test('what is encoded has the literal bytes of the format, and reads as it was', async (t) => {
  const { count, shape, pixels } = decodeIdxImages(IMAGES, 'f');
  t.same(encodeIdxImages(count, shape, pixels), IMAGES);
  t.same(encodeIdxLabels(Uint16Array.of(7, 0, 255)), LABELS);
  const many = encodeIdxLabels(Uint16Array.of(256, 65535));
  t.same([...many], [0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0xff, 0xff]);
  const colour = { height: 1, width: 2, channels: 3 };
  const encoded = encodeIdxImages(1, colour, Uint8Array.of(1, 2, 3, 4, 5, 6));
  t.same([...encoded.subarray(0, 8)], [0, 0, 8, 4, 0, 0, 0, 1]);
  t.same(decodeIdxImages(encoded, 'f').shape, colour);
});

t.test('a file that is cut short is refused with the image in which it ends', async (t) => {
  t.throws(
    () => decodeIdxImages(IMAGES.subarray(0, 24), 'train'),
    invalid(
      /^train is cut short at byte 24, within image 1 of 2: its header announces 2 × 2 × 3 elements, so 28 bytes\.$/,
    ),
  );
  t.throws(() => decodeIdxLabels(LABELS.subarray(0, 9), 'f'), invalid(/within label 1 of 3/));
  t.throws(() => decodeIdxImages(IMAGES.subarray(0, 10), 'f'), invalid(/ends at byte 10, within/));
  t.throws(() => decodeIdxImages(IMAGES.subarray(0, 3), 'f'), invalid(/is 3 bytes long/));
  t.throws(() => decodeIdxImages(new Uint8Array(0), 'f'), invalid(/is 0 bytes long/));
});

t.test('bytes behind the end are refused with their place', async (t) => {
  const longer = Uint8Array.of(...LABELS, 1, 2);
  t.throws(() => decodeIdxLabels(longer, 'f'), invalid(/has 2 bytes too many, from byte 11 on/));
});

t.test('a wrong magic number is refused, and mixed-up kinds are told', async (t) => {
  t.throws(
    () => decodeIdxImages(new TextEncoder().encode('label,pixel1'), 'f'),
    invalid(/starts with the bytes 6c 61 62 65 \(byte 0\).* expected 00 00 08 03/),
  );
  t.throws(() => decodeIdxImages(LABELS, 'f'), invalid(/rank 1 \(byte 3\).* look like labels/));
  t.throws(() => decodeIdxLabels(IMAGES, 'f'), invalid(/rank 3 \(byte 3\).* look like images/));
  const floats = Uint8Array.of(0, 0, 0x0d, 3);
  t.throws(() => decodeIdxImages(floats, 'f'), invalid(/no magic number/));
  const shorts = Uint8Array.from(IMAGES);
  shorts[2] = 0x0b;
  t.throws(() => decodeIdxImages(shorts, 'f'), invalid(/type int16 \(byte 2\); pixels are uint8/));
});

t.test('a dimension of size 0 is refused', async (t) => {
  const empty = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3);
  t.throws(() => decodeIdxImages(empty, 'f'), invalid(/dimension 0 has size 0 \(byte 4\)/));
});

t.test('the largest sizes that a header can announce cost no memory', async (t) => {
  const huge = Uint8Array.of(0, 0, 8, 4, ...new Array<number>(16).fill(255));
  t.ok(readIdxHeader(huge, 'images', 'f').fileBytes > 2 ** 127);
  t.throws(() => decodeIdxImages(huge, 'f'), invalid(/is cut short at byte 20/));
});

t.test('however a file is damaged, the reader answers with pixels or a coded error', async (t) => {
  const { below } = testRandom('IDX fuzz');
  for (let round = 0; round < 5000; round++) {
    const [source, decode] = below(2)
      ? ([IMAGES, decodeIdxImages] as const)
      : ([LABELS, decodeIdxLabels] as const);
    const bytes = source.slice(0, below(3) === 0 ? below(source.length + 1) : source.length);
    for (let flips = below(4); flips > 0 && bytes.length > 0; flips--) {
      bytes[below(bytes.length)]! ^= 1 << below(8);
    }
    try {
      decode(bytes, 'f');
    } catch (error) {
      if (!(error instanceof LockstepError) || error.code !== 'DATA_IDX_INVALID') {
        t.fail(`bytes ${bytes.join(' ')}: ${String(error)}`);
      }
    }
  }
});
