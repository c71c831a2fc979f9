import t from 'tap';
import { minimize } from '#src/shared/ensemble/lbfgs.js';
import { fitLogisticRegression, predictLogisticRegression } from '#src/shared/ensemble/logistic-regression.js'; // prettier-ignore
import { average, sideBySide } from '#src/shared/ensemble/combine.js';
import { probabilityScores } from '#src/shared/ensemble/probability-scores.js';
import { crossPredictStacking, fitStacking, predictStacking, rowsOf } from '#src/shared/ensemble/stacking.js'; // prettier-ignore
import { foldsOf } from '#src/shared/data/folds.js';

const SAMPLES = 60;
const LABELS = Uint16Array.from({ length: SAMPLES }, (_, i) => (i * i + Math.floor(i / 3)) % 3);

/** Two members on sixty samples of three classes, from a congruential generator. */
function members(): Float32Array[] {
  let state = 12345;
  const raw = Array.from({ length: SAMPLES * 6 }, () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  });
  const said = [new Float32Array(SAMPLES * 3), new Float32Array(SAMPLES * 3)];
  for (let i = 0; i < SAMPLES; i++) {
    const [first, second] = [raw.slice(6 * i, 6 * i + 3), raw.slice(6 * i + 3, 6 * i + 6)];
    first[LABELS[i]!]! += 0.6;
    second[(LABELS[i]! + (i % 4 === 0 ? 1 : 0)) % 3]! += 0.8;
    for (const [m, row] of [first, second].entries()) {
      const sum = row[0]! + row[1]! + row[2]!;
      row.forEach((value, c) => (said[m]![3 * i + c] = value / sum));
    }
  }
  return said;
}

const near = (
  t: { ok(value: boolean, name: string): unknown },
  got: ArrayLike<number>,
  wanted: readonly number[],
  within: number,
): void => {
  for (const [i, value] of wanted.entries()) {
    t.ok(
      Math.abs(got[i]! - value) < within,
      `${String(i)}: ${String(got[i])} for ${String(value)}`,
    );
  }
};

// scikit-learn 1.7.2: LogisticRegression(C=1, tol=1e-12) on the same 60 × 6 features.
const COEFFICIENTS = [
  [1.6784508, -0.8547954, -0.8236554, 0.895087, 0.1144517, -1.0095386],
  [-0.8970348, 1.7534456, -0.8564105, -0.7327583, 0.8906404, -0.1578819],
  [-0.781416, -0.8986502, 1.680066, -0.1623286, -1.0050921, 1.1674205],
];

t.test('the meta-learner is the logistic regression of scikit-learn', (t) => {
  const features = sideBySide(members(), 3);
  const fitted = fitLogisticRegression(features, LABELS, 3, { tolerance: 1e-9, iterations: 1000 });
  const byFeature = COEFFICIENTS[0]!.flatMap((_, f) => COEFFICIENTS.map((row) => row[f]!));
  near(t, fitted.weights, byFeature, 1e-6);
  near(t, fitted.intercepts, [-0.0634759, 0.0290653, 0.0344106], 1e-6);
  const said = predictLogisticRegression(fitted, features);
  near(
    t,
    said,
    [
      0.2460165, 0.616278, 0.1377055, 0.3329632, 0.478896, 0.1881408, 0.1380145, 0.7565827,
      0.1054028,
    ],
    1e-6,
  );
  const { accuracy, loss } = probabilityScores(said, LABELS, 3);
  t.equal(accuracy, 51 / 60);
  t.ok(Math.abs(loss! - 0.5801499657421957) < 1e-7);
  t.end();
});

t.test('as stacking takes it, it is as near as its end condition says', (t) => {
  const said = predictStacking(fitStacking(members(), LABELS, 3), members());
  near(t, said, [0.2460165, 0.616278, 0.1377055], 1e-4);
  t.end();
});

t.test('the mean of the same members, by numpy', (t) => {
  const mean = average(members());
  near(t, mean, [0.1605065, 0.61983, 0.2196636], 1e-7);
  const { accuracy, loss } = probabilityScores(mean, LABELS, 3);
  t.equal(accuracy, 50 / 60);
  t.ok(Math.abs(loss! - 0.7328475010938776) < 1e-7);
  t.end();
});

t.test('judging itself, stacking says of a sample what it learnt from the others', (t) => {
  const said = crossPredictStacking(members(), LABELS, 3);
  const folds = foldsOf(LABELS, 3, { folds: 5, validationSplit: 'stratified', seed: 0 });
  for (const fold of [0, 3]) {
    const rest = Array.from(LABELS.keys()).filter((i) => folds[i] !== fold);
    const own = Array.from(LABELS.keys()).filter((i) => folds[i] === fold);
    const of = (samples: readonly number[]) => members().map((each) => rowsOf(each, samples, 3));
    const learner = fitStacking(
      of(rest),
      Uint16Array.from(rest, (i) => LABELS[i]!),
      3,
    );
    t.same(rowsOf(said, own, 3), predictStacking(learner, of(own)));
  }
  const whole = predictStacking(fitStacking(members(), LABELS, 3), members());
  t.notSame(said, whole);
  t.end();
});

t.test("L-BFGS finds the least point of Rosenbrock's valley", (t) => {
  const found = minimize(
    ([x, y], gradient) => {
      gradient[0] = -2 * (1 - x!) - 400 * x! * (y! - x! * x!);
      gradient[1] = 200 * (y! - x! * x!);
      return (1 - x!) * (1 - x!) + 100 * (y! - x! * x!) * (y! - x! * x!);
    },
    Float64Array.from([-1.2, 1]),
    { tolerance: 1e-10, iterations: 200 },
  );
  near(t, found, [1, 1], 1e-8);
  t.end();
});
