import t from 'tap';
import { allocateKept } from '#src/worker/kept-features.js';

function kept(sampleBytes: number, counts: readonly number[], limit: number, isChanged = false) {
  const notices: string[] = [];
  const sets = counts.map((count) => ({ count }));
  const program = { frozen: { sampleBytes, digest: 'd' } };
  const made = allocateKept(program, sets, limit, isChanged, (text) => notices.push(text));
  return { bytes: made.map((each) => each?.values.length ?? null), notices };
}

t.test('a set that does not fit is told of, unless nothing is to be kept', (t) => {
  t.same(kept(99, [20, 5], 2000), { bytes: [1980, null], notices: [
    'What frozen layers compute of 5 images needs 500 B, and of keepFeatures, 0 B are left: it is computed anew each time.',
  ] }); // prettier-ignore
  t.same(kept(99, [20, 5], 600, true), { bytes: [null, 495], notices: [] });
  t.same(kept(99, [20, 5], 0), { bytes: [null, null], notices: [] });
  t.end();
});

t.test('memory that is not there is none to fail for', (t) => {
  const { bytes, notices } = kept(2 ** 40, [2 ** 12, 1], 2 ** 53);
  t.same(bytes[0], null);
  t.match(notices[0], /needs .*, and there is not so much memory here: it is computed anew/);
  t.end();
});
