import t from 'tap';
import { average, likeliest, sideBySide, vote } from '#src/shared/ensemble/combine.js';
import { probabilityScores } from '#src/shared/ensemble/probability-scores.js';

const of = (...values: number[]): Float32Array => Float32Array.from(values);
/** Three members on two samples of three classes; all values are exact in float32. */
const MEMBERS = [
  of(0.5, 0.25, 0.25, 0.625, 0.375, 0),
  of(0.125, 0.75, 0.125, 0.25, 0.25, 0.5),
  of(0.375, 0.5, 0.125, 0.125, 0.75, 0.125),
];

t.test('the mean of probabilities, by hand', (t) => {
  const mean = average(MEMBERS);
  t.same(Array.from(mean), [1 / 3, 0.5, 0.5 / 3, 1 / 3, 1.375 / 3, 0.625 / 3].map(Math.fround));
  t.end();
});

t.test('a majority is counted in votes', (t) => {
  // The first sample: one vote for class 0, two for class 1.
  t.same(Array.from(vote(MEMBERS, 3).slice(0, 3)), [1 / 3, 2 / 3, 0].map(Math.fround));
  t.end();
});

t.test('of equally many votes the class that is likelier on average wins', (t) => {
  // The second sample: a vote for each class; on average class 1 is the likeliest.
  const shares = vote(MEMBERS, 3).slice(3);
  t.equal(likeliest(shares, 0, 3), 1);
  t.same(Array.from(shares), [0.75 / 3, 1.5 / 3, 0.75 / 3].map(Math.fround));
  const two = [of(0.625, 0.375, 0), of(0.125, 0.875, 0)];
  t.equal(likeliest(vote(two, 3), 0, 3), 1, 'though class 0 stands first');
  t.end();
});

t.test('features of stacking are the members side by side, sample by sample', (t) => {
  const features = sideBySide(MEMBERS.slice(0, 2), 3);
  t.same(Array.from(features), [
    ...[0.5, 0.25, 0.25, 0.125, 0.75, 0.125],
    ...[0.625, 0.375, 0, 0.25, 0.25, 0.5],
  ]);
  t.end();
});

t.test('accuracy and loss of probabilities, by hand', (t) => {
  const { accuracy, loss } = probabilityScores(MEMBERS[0]!, Uint16Array.from([1, 0]), 3);
  t.equal(accuracy, 0.5);
  // (−ln 0.25 − ln 0.625) / 2
  t.ok(Math.abs(loss! - (1.3862943611198906 + 0.4700036292457356) / 2) < 1e-15);
  t.equal(probabilityScores(MEMBERS[0]!, Uint16Array.from([1, 2]), 3).loss, null);
  t.end();
});
