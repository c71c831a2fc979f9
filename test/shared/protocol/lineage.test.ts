import t from 'tap';
import { firstLineage, hash64, nextLineage } from '#src/shared/protocol/lineage.js';

const control = { step: 3, learningRateBits: 0x3a83126f, evaluation: [] };

t.test('A lineage is 64 bits, the same everywhere', (t) => {
  t.match(hash64(''), /^[0-9a-f]{16}$/);
  t.equal(firstLineage('run'), firstLineage('run'));
  // Pinned: a change of these ends the compatibility of run folders.
  t.equal(hash64(''), 'efd01f60ba992926');
  t.equal(firstLineage('a'), 'c4dfc7c17f877447');
  t.equal(nextLineage(firstLineage('a'), control, 'd1'), 'f5d40bad9958678b');
  t.end();
});

t.test('Everything that enters the weights enters the lineage', (t) => {
  const before = firstLineage('a');
  const evaluation = [{ set: 'test', samples: 10, lossSum: 1.5, correct: 7 }];
  const links = [
    nextLineage(before, control, 'd1'),
    nextLineage(firstLineage('b'), control, 'd1'),
    nextLineage(before, { ...control, step: 4 }, 'd1'),
    nextLineage(before, { ...control, learningRateBits: 0x3a831270 }, 'd1'),
    nextLineage(before, { ...control, evaluation }, 'd1'),
    nextLineage(before, control, 'd2'),
  ];
  t.equal(new Set(links).size, links.length);
  t.end();
});
