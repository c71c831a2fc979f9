import t from 'tap';
import { LockstepError } from '#src/index.js';
import type { Job, Outcome } from '#src/shared/study/job.js';
import { parseStudy } from '#src/shared/study/parse-study.js';
import { rankedRows, rowsCsv } from '#src/shared/study/rows.js';
import type { StudyInput } from '#src/shared/study/study-schema.js';
import { sweepPlan } from '#src/shared/study/sweep-plan.js';

const BASE = { model: 'mlp', epochs: 4, validation: 0.1, seed: 5 };
const plan = (study: StudyInput, base = {}) => sweepPlan(parseStudy(study), { ...BASE, ...base });

function faultsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'CONFIG_INVALID') {
      return error.message.split('\n').map((line) => line.trim());
    }
    throw error;
  }
  return [];
}

const done = (validationAccuracy: number, validationLoss = 1 - validationAccuracy): Outcome => ({
  kind: 'done',
  steps: 10,
  epochs: 1,
  parameters: 100,
  trainLoss: 0.5,
  trainAccuracy: 0.5,
  validationLoss,
  validationAccuracy,
  weightsDigest: 'ab',
  threads: 1,
  trainingSeconds: 2,
  samplesPerSecond: 3,
});
const failed: Outcome = { kind: 'failed', code: 'STEP_NOT_FINITE', message: 'no end, "truly"' };

t.test('no run sees the test set, and all validate on the same samples', (t) => {
  const jobs = plan({ space: { seed: [1, 2], batchSize: [32, 64] } }).jobs(new Map());
  t.same(
    jobs.map(({ run, settings }) => [run, settings]),
    [
      ['001', { seed: 1, batchSize: 32 }],
      ['002', { seed: 1, batchSize: 64 }],
      ['003', { seed: 2, batchSize: 32 }],
      ['004', { seed: 2, batchSize: 64 }],
    ],
  );
  for (const { config } of jobs) t.match(config, { evaluateTest: false, splitSeed: 5 });
  t.equal(jobs[2]!.config.seed, 2);
  t.end();
});

t.test('an end in steps takes the place of one in epochs', (t) => {
  const [first] = plan({ space: { steps: [10, 20] } }).jobs(new Map());
  t.equal(first!.config.epochs, undefined);
  t.equal(first!.config.steps, 10);
  t.equal(first!.work, 1);
  t.end();
});

t.test('variants set several keys at once', (t) => {
  const variants = {
    sgd: { optimizer: 'sgd', momentum: 0.9, learningRate: 0.1 },
    adamw: { optimizer: 'adamw', decoupledWeightDecay: 0.05 },
  };
  const jobs = plan({ variants, space: { batchSize: [32, 64] } }).jobs(new Map());
  t.same(
    jobs.map(({ settings }) => settings),
    [
      { variant: 'sgd', batchSize: 32 },
      { variant: 'sgd', batchSize: 64 },
      { variant: 'adamw', batchSize: 32 },
      { variant: 'adamw', batchSize: 64 },
    ],
  );
  t.match(jobs[1]!.config, { optimizer: 'sgd', momentum: 0.9, learningRate: 0.1, batchSize: 64 });
  t.end();
});

t.test('a budget in epochs takes runs as long as they fit', (t) => {
  const space = { epochs: [1, 2, 3] };
  const all = plan({ space, budget: { epochs: 6 } });
  t.equal(all.jobs(new Map()).length, 3);
  t.equal(all.work, 6);
  t.ok(plan({ space, budget: { epochs: 5 } }).work <= 5);
  t.same(
    faultsOf(() => plan({ space: { learningRate: [0.1] }, budget: { epochs: 3 } })),
    ['The configuration has a fault:', 'budget.epochs: not even one run fits: it takes 4, got 3'],
  );
  t.end();
});

t.test('halving lets the best third go on, from where it was', (t) => {
  const study: StudyInput = {
    search: 'halving',
    space: { learningRate: { from: 0.001, to: 1, scale: 'log' } },
    budget: { runs: 9 },
    halving: { eta: 3, minEpochs: 1, maxEpochs: 9 },
  };
  const halving = plan(study);
  t.equal(halving.work, 21);
  const outcomes = new Map<string, Outcome>();
  const first = halving.jobs(outcomes);
  t.same(
    first.map(({ id }) => id),
    Array.from({ length: 9 }, (_, i) => `00${String(i + 1)}@1`),
  );
  const accuracies = [0.1, 0.8, 0.3, 0.8, 0.9, 0.2, 0.4, 0.5, 0.6];
  first
    .slice(0, 8)
    .forEach(({ id }, i) => outcomes.set(id, done(accuracies[i]!, i === 1 ? 0.1 : 0.2)));
  t.equal(halving.jobs(outcomes).length, 9, 'the rung waits for its last run');
  outcomes.set('009@1', failed);
  const second = halving.jobs(outcomes).slice(9);
  // 0.9; then 0.8 with the lower loss, then 0.8 with the higher one.
  t.same(
    second.map(({ id, run, config, work }) => [id, run, config.epochs, work]),
    [
      ['005@3', '005', 3, 2],
      ['002@3', '002', 3, 2],
      ['004@3', '004', 3, 2],
    ],
  );
  outcomes.set('005@3', done(0.5)).set('002@3', failed).set('004@3', done(0.7));
  const third = halving.jobs(outcomes).slice(12);
  t.same(
    third.map(({ id, work }) => [id, work]),
    [['004@9', 6]],
  );
  outcomes.set('004@9', done(0.65));
  const jobs = halving.jobs(outcomes);
  t.equal(jobs.length, 13, 'and then it is done');
  const rows = rankedRows('validationAccuracy', jobs, outcomes);
  t.same(
    rows.slice(0, 3).map(({ run, status, rank }) => [run, status, rank]),
    [
      ['004', 'done', 1],
      ['005', 'stopped', 2],
      ['008', 'stopped', 3],
    ],
  );
  t.same(
    rows.slice(-2).map(({ run, status, rank }) => [run, status, rank]),
    [
      ['002', 'failed', null],
      ['009', 'failed', null],
    ],
  );
  t.end();
});

t.test('a learning rate that ends with the run begins anew on each rung', (t) => {
  const study: StudyInput = {
    search: 'halving',
    space: { learningRate: [0.1, 0.01, 0.001] },
    budget: { runs: 3 },
    halving: { eta: 3, minEpochs: 1 },
  };
  const halving = plan(study, { learningRateSchedule: 'cosine' });
  t.equal(halving.work, 3 * 1 + 1 * 3);
  const outcomes = new Map<string, Outcome>();
  const first = halving.jobs(outcomes);
  first.forEach(({ id }, i) => outcomes.set(id, done(0.5 + i / 10)));
  const [next] = halving.jobs(outcomes).slice(3);
  t.match(next, { id: '003@3', run: '003-e3', candidate: '003', work: 3, config: { epochs: 3 } });
  t.equal(first[0]!.run, '001-e1');
  t.end();
});

t.test('a range test is one run whose rate rises', (t) => {
  const [job] = plan({ search: 'rangeTest' }, { validation: 0, epochs: undefined }).jobs(new Map());
  t.match(job!.config, {
    learningRateSchedule: 'logRange',
    minLearningRate: 1e-7,
    learningRate: 1,
    epochs: 1,
    evaluateEvery: 0,
    evaluateTest: false,
  });
  t.end();
});

t.test('options of models are keys of a search, with the runs that do not fit them named', (t) => {
  const space = { denseUnits: ['64', '32'], hiddenLayers: { from: 0, to: 2, points: 3 } };
  const jobs = plan({ space }).jobs(new Map());
  t.same(
    jobs.map(({ settings }) => Object.values(settings)),
    ['64', '32'].flatMap((units) => [0, 1, 2].map((layers) => [units, layers])),
  );
  t.match(jobs[1]?.config, { model: 'mlp', denseUnits: '64', hiddenLayers: 1 });
  t.same(
    faultsOf(() => plan({ space: { model: ['mlp', 'cnn2'], filters: ['8,16'] } })),
    [
      'The configuration has a fault:',
      'model mlp, filters 8,16: filters: mlp has no such option; it has activation, leakySlope, hiddenLayers, denseUnits, denseDropout',
    ],
  );
  t.end();
});

t.test('every fault of a study is told at once', (t) => {
  const study = {
    space: {
      learningrate: [0.1],
      threads: [1, 2],
      validation: [0.1, 0.2],
      batchSize: { from: 64, to: 32, points: 2 },
      momentum: { from: 0, to: 0.9, scale: 'log' },
      optimizer: { from: 0, to: 1 },
      seed: [1, 1],
      epochs: [0],
    },
    variants: { a: { seed: 1, lerningRate: 2 } },
    budget: { runs: 3, epochs: 4 },
  } as unknown as StudyInput;
  t.same(
    faultsOf(() => plan(study)),
    [
      'The configuration has 12 faults:',
      'space.learningrate: no such key; did you mean learningRate?',
      'space.threads: does not decide what is learnt; lockstep scale compares numbers of threads',
      'space.validation: decides on which samples runs are judged: give it in train, the same for all',
      'space.batchSize: from must be below to; got 64 and 32',
      'space.momentum: a log scale needs from above 0; got 0',
      'space.momentum: a range in a grid needs points',
      'space.optimizer: takes no numbers; expected a list of values',
      'space.seed: 1 is named twice',
      'space.epochs: expected an integer from 1 to 1000000, got 0',
      'variants.a.seed: varies in space too; it can be in one of them',
      'variants.a.lerningRate: no such key; did you mean learningRate?',
      'budget: runs and epochs cannot both be given',
    ],
  );
  t.same(
    faultsOf(() => plan({ space: { batchSize: [8] } }, { validation: 0 })),
    [
      'Runs are compared on samples held back from the training set, and none are: validation is 0.',
    ],
  );
  t.same(
    faultsOf(() => plan({ space: { batchSize: [8, 64], microBatch: [16] } })),
    [
      'The configuration has a fault:',
      'batchSize 8, microBatch 16: microBatch: must not exceed batchSize: got 16 above 8',
    ],
  );
  t.same(
    faultsOf(() => parseStudy({ serch: 'grid', budget: { run: 3 }, seed: -1 })),
    [
      'The configuration has 3 faults:',
      'budget.run: no such key; did you mean runs?',
      'seed: Too small: expected number to be >=0, got -1',
      'serch: no such key; did you mean search?',
    ],
  );
  t.end();
});

t.test('the table of runs as CSV has all figures, and quotes what it must', (t) => {
  const job = (run: string, keys: Job['settings']): Job => ({ id: run, run, candidate: run, settings: keys, config: {}, work: 1, threads: null }); // prettier-ignore
  const jobs = [job('001', { model: './a,b.js' }), job('002', { model: 'mlp' })];
  const outcomes = new Map<string, Outcome>([
    ['001', failed],
    ['002', done(0.875)],
  ]);
  const rows = rankedRows('validationLoss', jobs, outcomes);
  t.equal(
    rowsCsv(rows, ['model']),
    'rank,run,status,model,epochs,steps,parameters,validationAccuracy,validationLoss,trainAccuracy,trainLoss,weightsDigest,trainingSeconds,samplesPerSecond,threads,error\r\n' +
      '1,002,done,mlp,1,10,100,0.875,0.125,0.5,0.5,ab,2,3,1,\r\n' +
      ',001,failed,"./a,b.js",,,,,,,,,,,,STEP_NOT_FINITE\r\n',
  );
  t.end();
});
