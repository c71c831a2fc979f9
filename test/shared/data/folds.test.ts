import t from 'tap';
import { countClasses } from '#src/shared/data/classes.js';
import { foldsOf } from '#src/shared/data/folds.js';

const LABELS = Uint16Array.from([0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 1, 2]);
const wish = { folds: 3, seed: 7 };

// The values are those of a program of its own in Python, from Philox's published constants on.
t.test('stratified folds are those that a second program deals out', (t) => {
  const folds = foldsOf(LABELS, 3, { ...wish, validationSplit: 'stratified' });
  t.same(Array.from(folds), [0, 1, 2, 2, 2, 0, 1, 2, 0, 1, 0, 1]);
  t.end();
});

t.test('and plain ones', (t) => {
  const folds = foldsOf(LABELS, 3, { ...wish, validationSplit: 'plain' });
  t.same(Array.from(folds), [0, 1, 0, 2, 2, 0, 2, 1, 1, 1, 2, 0]);
  t.end();
});

t.test('sizes differ by one at most, and stratified those of each class', (t) => {
  const labels = Uint16Array.from({ length: 1003 }, (_, i) => (i * i + 3 * i) % 7);
  for (const validationSplit of ['stratified', 'plain'] as const) {
    const folds = foldsOf(labels, 7, { folds: 4, seed: 1, validationSplit });
    const sizes = countClasses(Uint16Array.from(folds), 4);
    t.same([...sizes].sort(), [250, 251, 251, 251]);
    if (validationSplit === 'plain') continue;
    for (let label = 0; label < 7; label++) {
      const own = Uint16Array.from(folds.filter((_, i) => labels[i] === label));
      const counts = countClasses(own, 4);
      t.ok(Math.max(...counts) - Math.min(...counts) <= 1, `class ${String(label)}`);
    }
  }
  t.end();
});

t.test('another seed deals otherwise', (t) => {
  const labels = new Uint16Array(200);
  const of = (seed: number) => foldsOf(labels, 1, { folds: 2, seed, validationSplit: 'plain' });
  t.same(of(1), of(1));
  t.notSame(of(1), of(2));
  t.end();
});
