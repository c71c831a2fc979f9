/** Results of studies, as the library answers them. */
import type {
  EnsembleResults,
  FoldsResults,
  RunRow,
  ScaleResults,
  SweepResults,
} from '#src/index.js';

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
