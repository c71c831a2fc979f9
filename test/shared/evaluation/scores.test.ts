import t from 'tap';
import { calibrationOf } from '#src/shared/evaluation/calibration.js';
import { averageScores, classScores } from '#src/shared/evaluation/class-scores.js';
import { confusionMatrix, mostConfused } from '#src/shared/evaluation/confusion.js';
import { predictionsOf } from '#src/shared/evaluation/predictions.js';
import { sixClasses } from './cases.js';

/** What scikit-learn 1.9.1 says of the same predictions (zero_division=0). */
const SCIKIT_LEARN = {
  confusion: [
    [44, 8, 0, 6, 6, 0],
    [1, 40, 1, 6, 6, 0],
    [1, 2, 18, 3, 5, 0],
    [5, 1, 3, 39, 5, 0],
    [0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
  ],
  perClass: [
    [0.8627450980392157, 0.6875, 0.7652173913043478, 64],
    [0.7843137254901961, 0.7407407407407407, 0.7619047619047619, 54],
    [0.8181818181818182, 0.6206896551724138, 0.7058823529411765, 29],
    [0.7222222222222222, 0.7358490566037735, 0.7289719626168224, 53],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  micro: [0.705, 0.705, 0.705],
  macro: [0.6374925727866905, 0.5569558905033857, 0.5923952937534217],
  weighted: [0.7978683897801545, 0.705, 0.7461143622016055],
};
const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-12;
const matrix = confusionMatrix(sixClasses());

t.test('the confusion matrix has rows of true and columns of predicted classes', (t) => {
  t.same(matrix, SCIKIT_LEARN.confusion);
  t.end();
});

t.test('precision, recall, F1 and support of each class are those of scikit-learn', (t) => {
  classScores(matrix).forEach(({ precision, recall, f1, support }, c) => {
    [precision, recall, f1, support].forEach((value, k) => {
      t.ok(close(value, SCIKIT_LEARN.perClass[c]![k]!), `class ${String(c)}, figure ${String(k)}`);
    });
  });
  t.end();
});

t.test('averages are those of scikit-learn: a class that never occurs is in none', (t) => {
  const averages = averageScores(matrix);
  for (const name of ['micro', 'macro', 'weighted'] as const) {
    const { precision, recall, f1 } = averages[name];
    [precision, recall, f1].forEach((value, k) => {
      t.ok(close(value, SCIKIT_LEARN[name][k]!), `${name} ${String(k)}: ${String(value)}`);
    });
  }
  t.end();
});

t.test('the most confused pairs come by count, equals by label', (t) => {
  t.same(mostConfused(matrix, 3), [
    { truth: 0, predicted: 1, count: 8, share: 8 / 64 },
    { truth: 0, predicted: 3, count: 6, share: 6 / 64 },
    { truth: 0, predicted: 4, count: 6, share: 6 / 64 },
  ]);
  t.same(mostConfused([[2, 0], [0, 3]], 5), []); // prettier-ignore
  t.end();
});

t.test('calibration errors and bins are those that NumPy gives', (t) => {
  const { expectedError, largestError, bins } = calibrationOf(sixClasses());
  t.ok(Math.abs(expectedError - 0.3369204378128052) < 1e-9, String(expectedError));
  t.ok(Math.abs(largestError - 0.5009763240814209) < 1e-9, String(largestError));
  t.same(
    bins.map(({ count }) => count),
    [0, 0, 0, 12, 62, 72, 31, 16, 3, 3, 1, 0, 0, 0, 0],
  );
  t.equal(bins[0]!.accuracy, null);
  t.equal(bins[4]!.accuracy, 0.5);
  t.ok(Math.abs(bins[4]!.confidence! - 0.3032275265262973) < 1e-9);
  t.end();
});

t.test('a confidence on a border belongs to the bin below it, 1 to the last', (t) => {
  const labels = Uint16Array.of(0, 0);
  const probabilities = Float32Array.of(0.5, 0.25, 0.25, 1, 0, 0);
  const { bins } = calibrationOf(predictionsOf(probabilities, labels, 3), 2);
  t.same(
    bins.map(({ count }) => count),
    [1, 1],
  );
  t.end();
});

t.test('of equal probabilities the first class is predicted', (t) => {
  const { predicted } = predictionsOf(Float32Array.of(0.25, 0.375, 0.375), Uint16Array.of(2), 3);
  t.same([...predicted], [1]);
  t.end();
});
