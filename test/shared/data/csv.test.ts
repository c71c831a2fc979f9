import t from 'tap';
import { decodeCsv } from '#src/shared/data/csv.js';
import { encodeCsv } from '#src/shared/data/csv-writer.js';
import { LockstepError } from '#src/shared/errors.js';
import { testRandom } from '../../support/random.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const decode = (text: string) => decodeCsv(utf8(text), 'f');
const invalid = (message: RegExp) => ({ code: 'DATA_CSV_INVALID', message });

/** Each piece is a view that the next one overwrites. */
function textOf(images: Parameters<typeof encodeCsv>[0], header: boolean): Buffer {
  return Buffer.concat(Array.from(encodeCsv(images, { header }), (piece) => piece.slice()));
}

/** Two images of 2 × 2 pixels. */
const PLAIN = '7,1,2,3,255\n65535,0,10,100,4\n';

t.test('a line is a label and its pixels, with or without a header', async (t) => {
  for (const text of [PLAIN, `label,pixel1,pixel2,pixel3,pixel4\n${PLAIN}`]) {
    const { count, shape, labels, pixels } = decode(text);
    t.equal(count, 2);
    t.same(shape, { height: 2, width: 2, channels: 1 });
    t.same([...labels], [7, 65535]);
    t.same([...pixels], [1, 2, 3, 255, 0, 10, 100, 4]);
  }
});

t.test(
  'line ends, byte order mark, spaces, quotes in the header and blank ends do no harm',
  async (t) => {
    const expected = [1, 2, 3, 255, 0, 10, 100, 4];
    for (const text of [
      PLAIN.replaceAll('\n', '\r\n'),
      PLAIN.trimEnd(),
      `${PLAIN}\n\r\n  \n`,
      `\ufeff${PLAIN}`,
      `"label","a","b","c","d"\r\n${PLAIN}`,
      PLAIN.replaceAll(',', ' , '),
      PLAIN.replace('1,', '001,'),
    ]) {
      t.same([...decode(text).pixels], expected, JSON.stringify(text));
    }
  },
);

t.test('sizes are given, or follow from a square number of pixels', async (t) => {
  const shape = { height: 1, width: 2, channels: 3 };
  const bytes = utf8('1,1,2,3,4,5,6\n');
  t.same(decodeCsv(bytes, 'f', shape).shape, shape);
  t.throws(() => decodeCsv(bytes, 'f'), {
    code: 'DATA_SHAPE_INVALID',
    message: /^f has 7 columns: a label and 6 pixels, which is no square/,
  });
  t.throws(() => decodeCsv(bytes, 'f', { height: 2, width: 2, channels: 1 }), {
    code: 'DATA_SHAPE_INVALID',
    message: /a label and 6 pixels, but 2x2x1 images have 4/,
  });
});

t.test('a wrong field is refused with line, column and byte', async (t) => {
  const wrong = (field: string, message: RegExp) =>
    t.throws(() => decode(`7,1,2,3,4\n8,5,${field},7,8\n`), invalid(message), field);
  wrong(
    'x',
    /^f, line 2: the line has "x", which is no number \(column 3, byte 14\); expected a pixel, 0 to 255\.$/,
  );
  wrong('256', /has "256", out of range \(column 3/);
  wrong('99999999999', /has "99999999999", out of range/);
  wrong('-1', /has "-1", a negative number/);
  wrong('1.5', /has "1.5", which is not in decimal digits alone/);
  wrong('2e1', /not in decimal digits alone/);
  wrong('', /has an empty field \(column 3/);
  wrong('"5"', /no number/);
  wrong('1 2', /has "1 2", which is no number/);
  wrong('5\r6', /no number/);
  wrong('y'.repeat(100), /has "y{24}…"/);
});

t.test('the line is counted as editors do, with the header as line 1', async (t) => {
  t.throws(() => decode(`label,a,b,c,d\n${PLAIN}1,2,3,4,300\n`), invalid(/^f, line 4: /));
  t.match(
    t.throws(() => decode('7,1,2,3,4\n8,5,x,7,8\n')),
    {
      where: { file: 'f', line: 2, column: 3, byte: 14 },
    },
  );
});

t.test('a wrong label is refused', async (t) => {
  t.throws(
    () => decode('65536,1,2,3,4\n'),
    invalid(/"65536", out of range \(column 1, byte 0\); expected a label, 0 to 65535/),
  );
  t.throws(() => decode('1.0,1,2,3,4\n'), invalid(/expected a label/));
});

t.test('lines with too few or too many columns are refused', async (t) => {
  t.throws(
    () => decode(`${PLAIN}1,2,3\n1,2,3,4,5\n`),
    invalid(/^f, line 3: the line has 3 columns; expected 5/),
  );
  t.throws(
    () => decode(`${PLAIN}1,2,3,4,5,6\n`),
    invalid(/line 3: the line has 6 columns; expected 5/),
  );
  t.throws(
    () => decode('1,2,3,4,5\n\n1,2,3,4,5\n'),
    invalid(/line 2: the line is empty \(byte 10\)/),
  );
  const cut = t.throws(() => decode(`${PLAIN}1,2,3`)) as unknown as LockstepError;
  t.match(cut.message, /line 3: the line has 3 columns/);
  t.match(cut.hint, /ends in the middle of a line/);
});

t.test('an empty file, a header alone, one column and misplaced labels are refused', async (t) => {
  t.throws(() => decode(''), invalid(/^f is empty/));
  t.throws(() => decode(' \n\n'), invalid(/^f is empty/));
  t.throws(
    () => decode('label,pixel1\n'),
    invalid(/holds a header \(line 1\) and nothing behind it/),
  );
  t.throws(() => decode('1;2;3;4;5\n'), invalid(/has one column in line 1/));
  t.throws(() => decode('a,b,c,d,label\n1,2,3,4,5\n'), invalid(/labels in column 5 \(line 1\)/));
  t.throws(
    () => decode('label,a,b,c\n1,2,3,4,5\n'),
    invalid(/4 columns in line 1 and 5 in line 2/),
  );
});

t.test('a first line whose label is a number is never taken for a header', async (t) => {
  t.throws(() => decode('5,abc,2,3,4\n1,2,3,4,5\n'), invalid(/^f, line 1: the line has "abc"/));
});

t.test('what is written is read again, and written again gives the same bytes', async (t) => {
  const { below } = testRandom('CSV round trip');
  for (let round = 0; round < 30; round++) {
    const side = 1 + below(9);
    const count = 1 + below(40);
    const images = {
      count,
      shape: { height: side, width: side, channels: 1 },
      pixels: Uint8Array.from({ length: count * side * side }, () => below(256)),
      labels: Uint16Array.from({ length: count }, () => below(65536)),
    };
    const header = below(2) === 1;
    const text = textOf(images, header);
    const read = decodeCsv(text, 'f');
    t.same(read, images);
    const again = textOf(read, header);
    t.ok(again.equals(text));
  }
});

t.test('lines beyond the size of a piece are written whole', async (t) => {
  const images = {
    count: 3000,
    shape: { height: 20, width: 20, channels: 1 },
    pixels: Uint8Array.from({ length: 3000 * 400 }, (_, i) => i % 256),
    labels: Uint16Array.from({ length: 3000 }, (_, i) => i),
  };
  const text = textOf(images, true);
  t.ok(text.length > 3 << 20);
  const { pixels, labels } = decodeCsv(text, 'f');
  t.ok(Buffer.from(pixels).equals(images.pixels));
  t.same(labels, images.labels);
});

t.test(
  'a file whose first line is long and others short costs memory of its own size only',
  async (t) => {
    const bytes = utf8(`${'1,'.repeat(100 * 100)}1\n${'\n'.repeat(1_000_000)}1`);
    const before = process.memoryUsage().arrayBuffers;
    t.throws(() => decodeCsv(bytes, 'f'), invalid(/line 2: the line is empty/));
    t.ok(process.memoryUsage().arrayBuffers - before < 4 * bytes.length);
  },
);

t.test('however a file is damaged, the reader answers with pixels or a coded error', async (t) => {
  const { below } = testRandom('CSV fuzz');
  const source = utf8(`label,p1,p2,p3,p4\n${PLAIN.repeat(3)}`);
  for (let round = 0; round < 5000; round++) {
    const bytes = source.slice(0, below(3) === 0 ? below(source.length + 1) : source.length);
    for (let flips = below(4); flips > 0 && bytes.length > 0; flips--) {
      bytes[below(bytes.length)] = below(2)
        ? below(256)
        : '0123456789,\n\r ".-e'.charCodeAt(below(18));
    }
    try {
      const { count, labels, pixels, shape } = decodeCsv(bytes, 'f');
      const expected = count * shape.height * shape.width * shape.channels;
      if (labels.length < count || pixels.length < expected) t.fail('arrays are too short');
    } catch (error) {
      if (!(error instanceof LockstepError) || !error.code.startsWith('DATA_')) {
        t.fail(`${JSON.stringify(new TextDecoder().decode(bytes))}: ${String(error)}`);
      }
    }
  }
});
