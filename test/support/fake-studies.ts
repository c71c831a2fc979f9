/** Results of studies, as the library answers them, and reports of them. */
import type {
  EnsembleResults,
  FoldsResults,
  RangeTestResults,
  RunRow,
  ScaleResults,
  SweepResults,
} from '#src/index.js';
import type { StudyReport } from '#src/report/study-report.js';
import { setScores } from '#src/shared/evaluation/set-scores.js';
import { sixClasses } from '../shared/evaluation/cases.js';

export const row = (run: string, settings: RunRow['settings'], more: Partial<RunRow>): RunRow => ({
  rank: null,
  run,
  settings,
  status: 'done',
  epochs: 2,
  steps: 20,
  parameters: 100,
  validationAccuracy: 0.75,
  validationLoss: 0.5,
  trainAccuracy: 0.8,
  trainLoss: 0.4,
  weightsDigest: 'ab',
  trainingSeconds: 61,
  samplesPerSecond: 1000,
  threads: 1,
  error: null,
  ...more,
});

const NOT_FINITE = { code: 'STEP_NOT_FINITE', message: 'A loss is not finite.' } as const;
export const FAILED = {
  status: 'failed',
  epochs: null,
  validationAccuracy: null,
  validationLoss: null,
  trainAccuracy: null,
  trainingSeconds: null,
  error: NOT_FINITE,
} as const;

const TEST = { run: '002', loss: 0.3456, accuracy: 0.9, weightsDigest: 'ab' };

export const SWEEP: SweepResults = {
  kind: 'sweep',
  folder: '/studies/lr',
  search: 'grid',
  metric: 'validationAccuracy',
  keys: ['learningRate'],
  runs: [
    row('002', { learningRate: 0.1 }, { rank: 1, validationAccuracy: 0.85 }),
    row('001', { learningRate: 0.01 }, { rank: 2 }),
    row('003', { learningRate: 9 }, FAILED),
  ],
  chosen: '002',
  test: TEST,
};

export const FOLDS: FoldsResults = {
  kind: 'kfold',
  folder: '/studies/r4-kfold',
  folds: 2,
  split: 'stratified',
  runs: [row('fold-01', { fold: 1 }, {}), row('fold-02', { fold: 2 }, { validationAccuracy: 0.8 })],
  accuracy: { mean: 0.775, deviation: 0.0353553 },
  loss: { mean: 0.5, deviation: 0 },
  chosen: 'fold-02',
  test: null,
};

export const SCALE: ScaleResults = {
  kind: 'scale',
  folder: '/studies/r1-scale',
  target: 0.75,
  processors: 2,
  rows: [1, 2].map((threads) => ({
    run: `b64-t${String(threads)}`,
    threads,
    batchSize: 64,
    microBatch: 16,
    epochs: 3,
    samplesPerSecond: 800 * threads - 100,
    speedUp: threads === 1 ? 1 : 2.142857,
    efficiency: threads === 1 ? 1 : 1.0714285,
    bound: 1,
    validationAccuracy: 0.75,
    validationLoss: 0.5,
    trainingSeconds: 60 / threads,
    secondsToTarget: threads === 1 ? 40 : null,
    weightsDigest: 'ab',
  })),
  runs: [],
};

export const ENSEMBLE: EnsembleResults = {
  kind: 'ensemble',
  folder: '/studies/ensemble-12345678',
  members: ['a', 'b'].map((name, i) => ({
    name,
    folder: `/runs/${name}`,
    models: i === 0 ? 1 : 3,
    weightsDigests: ['ab'],
    parameters: 100,
    heldOut: { accuracy: 0.9 + i / 100, loss: 0.25 },
    test: null,
  })),
  heldOutSamples: 6000,
  methods: [
    { method: 'average', heldOut: { accuracy: 0.93, loss: 0.2 }, test: { accuracy: 0.925, loss: 0.21 } }, // prettier-ignore
    { method: 'vote', heldOut: { accuracy: 0.92, loss: null }, test: null },
  ],
  chosen: 'average',
  scores: null,
};

export const RANGE: RangeTestResults = {
  kind: 'sweep',
  folder: '/studies/range',
  search: 'rangeTest',
  points: [0.001, 0.01, 0.1, 1].map((learningRate, i) => ({
    learningRate,
    loss: [2.3, 2, 1.5, 90][i]!,
    smoothedLoss: [2.25, 1.9375, 1.75, 45.75][i]!,
  })),
  steepest: 0.01,
  least: 0.1,
  diverges: 1,
};

const epochsOf = (accuracies: readonly number[]) =>
  accuracies.map((accuracy, i) => ({
    epoch: i + 1,
    train: { loss: 1, accuracy: 0.5 },
    validation: { loss: 2 - accuracy, accuracy },
    test: null,
    isBest: false,
  }));

/** A report of each kind of study. `evil`: a text that would be code, were it not escaped. */
export function studyReports(evil: string): readonly StudyReport[] {
  const scores = setScores(sixClasses(), ['a', evil, 'c', 'd', 'e', 'f']);
  const epochs = new Map([
    ['001', epochsOf([0.5, 0.75])],
    ['002', epochsOf([0.625, 0.85])],
    ['fold-01', epochsOf([0.5, 0.75])],
    ['fold-02', epochsOf([0.5, 0.8])],
  ]);
  const byTime = new Map([1, 2].map((threads) => [`b64-t${String(threads)}`, [[20 / threads, 0.5], [60 / threads, 0.75]]] as const)); // prettier-ignore
  const failed = row('003', { learningRate: 9, variant: evil }, { ...FAILED, error: { code: 'MODEL_UNKNOWN', message: evil } }); // prettier-ignore
  const ensemble: EnsembleResults = {
    ...ENSEMBLE,
    members: ENSEMBLE.members.map((member) => ({ ...member, name: `${member.name} ${evil}` })),
    scores: { samples: 10, accuracy: 0.9, loss: 0.25, ...scores },
  };
  const sweep: SweepResults = { ...SWEEP, keys: ['learningRate', 'variant'], runs: [...SWEEP.runs.slice(0, 2), failed] }; // prettier-ignore
  const of = (results: StudyReport['results']): StudyReport => ({
    name: `study ${evil}`,
    results,
    definition: { kind: results.kind, text: evil },
    epochs,
    accuracyByTime: byTime,
    heldOut: results.kind === 'kfold' ? { samples: 10, ...scores } : null,
  });
  return [sweep, RANGE, FOLDS, SCALE, ensemble].map(of);
}
