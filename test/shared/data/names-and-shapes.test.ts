import t from 'tap';
import {
  checkClasses,
  checkLabels,
  countClasses,
  parseClassesText,
} from '#src/shared/data/classes.js';
import { digestHeader, layoutOf, viewDataSet } from '#src/shared/data/data-set-layout.js';
import { checkShape, parseShape, squareShape } from '#src/shared/data/image-shape.js';

t.test('sizes are written HEIGHTxWIDTH, with channels where there are several', async (t) => {
  t.same(parseShape('28x14'), { height: 28, width: 14, channels: 1 });
  t.same(parseShape('32x32x3'), { height: 32, width: 32, channels: 3 });
  for (const text of ['28', 'x', '28x0', '28x28x', '1.5x2', '-1x2', '70000x2', '']) {
    t.throws(() => parseShape(text), { code: 'DATA_SHAPE_INVALID' }, text);
  }
});

t.test('a shape.json is checked key by key', async (t) => {
  t.same(checkShape({ height: 2, width: 3 }, 'f'), { height: 2, width: 3, channels: 1 });
  const refused = (value: unknown, message: RegExp) =>
    t.throws(() => checkShape(value, 'f'), { code: 'DATA_SHAPE_INVALID', message });
  refused([2, 3], /f is not an object/);
  refused({ height: 2 }, /f has width undefined/);
  refused({ height: 2.5, width: 3 }, /f has height 2.5; expected 1 to 65535/);
  refused({ height: 2, width: 3, depth: 1 }, /unknown key "depth"/);
});

t.test('only a square number of pixels implies sizes', async (t) => {
  t.same(squareShape(784), { height: 28, width: 28, channels: 1 });
  t.equal(squareShape(785), undefined);
  t.equal(squareShape(0), undefined);
});

t.test('names of classes come one a line or as a JSON array, each once', async (t) => {
  t.same(parseClassesText('\ufeffcat\r\n dog \n\n', 'f'), ['cat', 'dog']);
  const refused = (value: unknown, message: RegExp) =>
    t.throws(() => checkClasses(value, 'f'), { code: 'DATA_CLASSES_INVALID', message });
  refused({}, /holds no array/);
  refused([], /holds no names/);
  refused(['a', 1], /has 1 as the name of class 1/);
  refused(['a', 'b', 'a'], /names both class 0 and class 2 "a"/);
  t.throws(() => parseClassesText('a\n\nb\n', 'f'), { message: /name of class 1/ });
});

t.test('labels are held against the classes, and counted', async (t) => {
  const labels = Uint16Array.of(0, 2, 1, 2);
  checkLabels(labels, ['a', 'b', 'c'], 'f');
  t.same(countClasses(labels, 4), [1, 1, 2, 0]);
  t.throws(() => checkLabels(labels, ['a', 'b'], 'f'), {
    code: 'DATA_LABEL_RANGE',
    message: /^f: image 1 has label 2, but there are 2 classes: labels run from 0 to 1\.$/,
  });
});

t.test('the four parts of a set lie apart, at multiples of 64 bytes', async (t) => {
  const sizes = { shape: { height: 3, width: 3, channels: 1 }, trainCount: 5, testCount: 3 };
  const layout = layoutOf(sizes);
  t.same(layout, {
    trainPixels: 0,
    trainLabels: 64,
    testPixels: 128,
    testLabels: 192,
    byteLength: 256,
  });
  const memory = new SharedArrayBuffer(layout.byteLength);
  const { train, test } = viewDataSet(memory, sizes, ['a', 'b']);
  t.same([train.pixels.length, train.labels.length], [45, 5]);
  t.same([test.pixels.length, test.labels.length], [27, 3]);
  t.same([test.pixels.byteOffset, test.labels.byteOffset], [128, 192]);
  t.equal(digestHeader(sizes, 2), 'lockstep-data-1 3 3 1 2 5 3\n');
});
