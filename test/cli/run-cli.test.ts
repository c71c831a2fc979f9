import { ENSEMBLE, FOLDS, SCALE, SWEEP } from '../support/fake-studies.js';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CliContext } from '#src/cli/context.js';
import type { Product } from '#src/cli/product.js';
import { runCli } from '#src/cli/run-cli.js';
import { parseCluster } from '#src/local/launch/read-cluster.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { REPORT_MARK } from '#src/report/page.js';
import { LockstepError } from '#src/shared/errors.js';
import { setScores } from '#src/shared/evaluation/set-scores.js';
import type { ClusterStatus } from '#src/shared/wire/status.js';
import type { DryRunReport } from '#src/shared/run-reports.js';
import { sixClasses } from '../shared/evaluation/cases.js';
import { playRun, Screen, SUMMARY } from './display/fake-run.js';

const PLAN: DryRunReport = {
  model: 'lenet5',
  parameters: 1_080_000,
  engine: 'wasm',
  engineReason: 'it covers every layer',
  data: '/usr/share/datasets/fashion-mnist',
  trainSamples: 60000,
  validationSamples: 0,
  testSamples: 10000,
  threads: 3,
  batchSize: 128,
  microBatch: 32,
  sharesMicroBatches: true,
  stepsPerEpoch: 469,
  steps: 4690,
  memory: [
    { part: 'weights and moments', bytes: 13_000_000 },
    { part: 'rows', bytes: 17_000_000 },
  ],
  stepSeconds: 0.05,
  trainingSeconds: 234.5,
};

const STATUS: ClusterStatus = {
  run: 'ab',
  folder: '/runs/mine',
  version: '0.1.0',
  model: 'lenet5',
  engine: 'wasm',
  host: 'node1',
  pid: 11,
  phase: 'run',
  view: 3,
  term: 1,
  stable: 17,
  steps: 40,
  storedAfter: 14,
  minWorkers: 1,
  workers: [
    {
      name: 'two',
      member: 'two-1',
      host: 'node2',
      pid: 12,
      threads: 8,
      from: '10.0.0.2:5000',
      url: 'ws://10.0.0.2:5001',
      role: 'member',
      activity: 'computing',
      applied: 17,
      millisPerMicroBatch: 12.34,
      microBatches: 3,
      heardMillisAgo: 250,
    },
  ],
};
const CLUSTER = parseCluster({ workers: [{ name: 'first' }], train: { epochs: 1 } }, '/work');

/** Stands for the library: says what it was asked, and answers known values. */
function recorder() {
  const calls: unknown[][] = [];
  const product: Product = {
    train: ({ observer, signal, onDataProgress, ...options }) => {
      t.type(onDataProgress, 'function');
      calls.push(['train', options, signal?.aborted]);
      if (observer !== undefined) playRun(observer);
      return Promise.resolve(SUMMARY);
    },
    coordinate: ({ observer, signal, onDataProgress, onListening, ...options }) => {
      calls.push(['coordinate', options, signal?.aborted, typeof onDataProgress]);
      onListening({
        address: { host: '127.0.0.1', port: 4711 },
        tokenFile: '/run/token',
        certificate: null,
        isOver: () => false,
      });
      if (observer !== undefined) playRun(observer);
      return Promise.resolve(SUMMARY);
    },
    work: ({ notice, signal, ...options }) => {
      calls.push(['work', options, signal?.aborted]);
      notice('Receiving the data set.');
      return Promise.resolve();
    },
    clusterStatus: (url, tokenFile) => {
      calls.push(['clusterStatus', url, tokenFile]);
      return Promise.resolve(STATUS);
    },
    readCluster: (file, cwd) => {
      calls.push(['readCluster', file, cwd]);
      return Promise.resolve(CLUSTER);
    },
    slurmScript: () => '#!/bin/bash\n',
    kubernetesManifests: (_, image) => `image: ${image}\n`,
    launch: ({ observer, signal, onDataProgress, onLine, cluster }) => {
      calls.push(['launch', cluster, signal?.aborted, typeof onDataProgress]);
      onLine('first', 'The run is finished.');
      if (observer !== undefined) playRun(observer);
      return Promise.resolve(SUMMARY);
    },
    readStudy: () => Promise.resolve({}),
    sweep: () => Promise.resolve(SWEEP),
    kfold: () => Promise.resolve(FOLDS),
    scale: () => Promise.resolve(SCALE),
    ensemble: () => Promise.resolve(ENSEMBLE),
    planRun: (options) => {
      calls.push(['planRun', options]);
      return Promise.resolve(PLAN);
    },
    evaluateRun: (folder, { sets, threads, robustness }) => {
      calls.push(['evaluateRun', folder, sets, threads, robustness]);
      const scores = setScores(sixClasses(), ['a', 'b', 'c', 'd', 'e', 'f']);
      const set = { set: 'test', samples: 10000, loss: 0.25, accuracy: 0.9237, ...scores } as const;
      return Promise.resolve({
        run: folder,
        step: 4690,
        weightsOf: 'last',
        weightsDigest: 'cd',
        engine: 'wasm',
        sets: [set],
        robustness: null,
      });
    },
    predictRun: (folder, images) => {
      calls.push(['predictRun', folder, images]);
      const classes = [
        { name: 'Bag', probability: 0.75 },
        { name: 'Coat', probability: 0.25 },
      ];
      return Promise.resolve(images.map(() => ({ label: 'Bag', classes })));
    },
    reportRuns: (folders, { threads }) => {
      calls.push(['reportRuns', folders, threads]);
      return Promise.resolve(`<!doctype html>${REPORT_MARK}`);
    },
    exploreData: ({ data, points, seed }) => {
      calls.push(['exploreData', data, points, seed]);
      return Promise.resolve(`<!doctype html>${REPORT_MARK}`);
    },
    listEngines: () =>
      Promise.resolve([
        {
          ...{ name: 'wasm', available: true, detail: 'plain SIMD', remedy: null },
          gpus: { detail: 'GPU 0', remedy: 'install CUDA' },
        },
        { name: 'reference', available: false, detail: 'broken', remedy: 'mend it', gpus: null },
      ]),
    installTensorflow: ({ from, say, gpu, withoutDriver }) => {
      say(`from ${from}${withoutDriver ? ' without driver' : ''}`);
      const versions = { tensorflow: '2.21.0', binding: '4.22.0' };
      const cuda = gpu ? { version: '12.5.1', cudnn: '9', libraries: [] } : null;
      const folders = { folder: '/made', library: '/lib' };
      return Promise.resolve({ ...versions, ...folders, devices: ['CPU'], cuda });
    },
  };
  return { calls, product };
}

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly calls: unknown[][];
}

async function lockstep(args: string[], changes: Partial<Product> = {}): Promise<Outcome> {
  const [stdout, stderr] = [new Screen(), new Screen()];
  const { calls, product } = recorder();
  const context: CliContext = {
    stdout: stdout.asWriteStream(),
    stderr: stderr.asWriteStream(),
    environment: { processors: 3, now: new Date(0), cwd: '/home/me' },
    loadProduct: () => Promise.resolve({ ...product, ...changes }),
    loadEngines: () => Promise.resolve({ ...product, ...changes }),
  };
  const status = await runCli(args, context);
  return { status, out: stdout.text, err: stderr.text, calls };
}

t.test('train hands over what was given, shows the run, and prints the result', async (t) => {
  const { status, out, err, calls } = await lockstep(['train', '--seed', '7', '--data', 'd']);
  t.equal(status, 0);
  t.same(calls, [['train', { seed: 7, data: '/home/me/d' }, false]]);
  t.match(out, /epoch 2\/2 {2}loss 0\.4349/);
  t.match(out, /test {3}loss 0\.3300 {2}accuracy 90\.00 %/);
  t.match(out, `weights ${SUMMARY.weightsDigest}`);
  t.equal(err, '');
});

t.test('train --json prints the summary alone on standard output', async (t) => {
  const { out, err } = await lockstep(['train', '--json']);
  t.same(JSON.parse(out), SUMMARY);
  t.match(err, /epoch 1\/2/);
});

t.test('train --quiet prints the result alone', async (t) => {
  const { out, err } = await lockstep(['train', '--quiet']);
  t.notMatch(out, /epoch/);
  t.match(out, /^train {2}loss/);
  t.equal(err, '');
});

t.test('flags win over the file, whose paths count from where it lies', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'conf'));
  const file = join(folder, 'conf', 'my.json');
  const content = { $schema: 'x', seed: 1, epochs: 3, threads: 2, out: '../here', model: 'mlp' };
  writeFileSync(file, JSON.stringify(content));
  const { calls } = await lockstep(['train', file, '--seed', '2', '--steps', '50', '--fast-math']);
  const expected = {
    seed: 2,
    steps: 50,
    threads: 2,
    out: join(folder, 'here'),
    model: 'mlp',
    fastMath: true,
  };
  t.same(calls, [['train', expected, false]]);
});

t.test('faults name the flag or the file that they came from', async (t) => {
  const file = join(t.testdir({ 'my.json': '{"bathSize": 3, "seed": -1}' }), 'my.json');
  const { status, err, calls } = await lockstep(['train', file, '--epochs', 'ten']);
  t.equal(status, 2);
  t.same(calls, []);
  t.match(err, `bathSize in ${file}: no such key; did you mean batchSize?`);
  t.match(err, `seed in ${file}: expected an integer from 0`);
  t.match(err, '--epochs: expected an integer from 1 to 1000000, got "ten"');
  t.notMatch(err, /\n\s+at /);
});

t.test('numbers are read as decimal notation alone', async (t) => {
  const good = await lockstep(['train', '--learning-rate', '1e-3', '--weight-decay', '.5']);
  t.match(good.calls[0]?.[1], { learningRate: 0.001, weightDecay: 0.5 });
  for (const text of ['0x10', '', ' 1', '1_000', 'Infinity', '1e']) {
    t.equal((await lockstep(['train', `--threads=${text}`])).status, 2, JSON.stringify(text));
  }
});

t.test('options of models are flags, lists as they are written', async (t) => {
  const flags = [
    '--model',
    'mlp',
    '--dense-units',
    '64',
    '--hidden-layers',
    '3',
    '--dense-dropout=.5',
  ];
  const { calls } = await lockstep(['train', ...flags]);
  t.match(calls[0]?.[1], { denseUnits: '64', hiddenLayers: 3, denseDropout: '.5' });
  const { status, err } = await lockstep(['train', '--model', 'mlp', '--kernel-size', '5']);
  t.equal(status, 2);
  t.match(
    err,
    '--kernel-size: mlp has no such option; it has activation, leakySlope, hiddenLayers',
  );
});

t.test('a flag given again wins over itself', async (t) => {
  const { calls } = await lockstep(['train', '--seed', '1', '--quiet', '--seed=2', '--no-quiet']);
  t.same(calls, [['train', { seed: 2, quiet: false }, false]]);
  const evaluated = await lockstep(['evaluate', 'run', '--set', 'train', '--set', 'test']);
  t.same(evaluated.calls[0]?.[2], ['test']);
});

t.test('a file that is missing, or is no JSON object, is named', async (t) => {
  const folder = t.testdir({ 'a.json': '{"seed": 1,}', 'b.json': '[1]' });
  for (const [name, code] of [
    ['none.json', 'CONFIG_FILE_UNREADABLE'],
    ['a.json', 'CONFIG_FILE_NOT_JSON'],
    ['b.json', 'CONFIG_FILE_NOT_JSON'],
  ] as const) {
    const { status, err } = await lockstep(['train', join(folder, name)]);
    t.equal(status, 2);
    t.match(err, `lockstep: ${code}: ${join(folder, name)}`);
  }
});

t.test('wrong usage gives status 2, a guess, and no stack', async (t) => {
  const cases = [
    [['train', '--epoch', '3'], 'Did you mean --epochs?'],
    [['trian'], 'Did you mean lockstep … train?'],
    [['engine', 'lst'], 'Did you mean lockstep … list?'],
    [['train', '--batchsize', '4'], 'Did you mean --batch-size?'],
    [['train', '--threads'], 'Not enough arguments following: threads'],
    [['evaluate'], 'Not enough non-option arguments'],
    [['predict', 'run', 'test:x'], '"test:x" does not name an image.'],
    [['evaluate', 'run', '--threads', '0'], '--threads: expected an integer from 1 to 256, got 0'],
    [['evaluate', 'run', '--set', 'none'], 'Invalid values'],
    [[], 'Which command?'],
  ] as const;
  for (const [args, text] of cases) {
    const { status, err, out, calls } = await lockstep([...args]);
    t.equal(status, 2, args.join(' '));
    t.match(err, text);
    t.notMatch(err, /\n\s+at /);
    t.equal(out, '');
    t.same(calls, []);
  }
});

t.test('a run that fails gives status 1, an interrupted one 130', async (t) => {
  const failing = (code: 'RUN_FOLDER_DISK_FULL' | 'RUN_INTERRUPTED') => ({
    train: () => Promise.reject(new LockstepError(code, 'why', { hint: 'what to do' })),
  });
  const full = await lockstep(['train'], failing('RUN_FOLDER_DISK_FULL'));
  t.equal(full.status, 1);
  t.match(full.err, 'lockstep: RUN_FOLDER_DISK_FULL: why\n  hint: what to do\n');
  t.equal((await lockstep(['train'], failing('RUN_INTERRUPTED'))).status, 130);
});

t.test('the first interrupt aborts the run, and the handlers go with it', async (t) => {
  const before = process.listenerCount('SIGINT');
  const { status, out } = await lockstep(['train'], {
    train: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new LockstepError('RUN_INTERRUPTED', 'ended after step 3'));
        });
        process.kill(process.pid, 'SIGINT');
        const patience = setTimeout(() => undefined, 5000);
        signal?.addEventListener('abort', () => {
          clearTimeout(patience);
        });
      }),
  });
  t.equal(status, 130);
  t.match(out, /SIGINT: ending after this step with a checkpoint/);
  t.equal(process.listenerCount('SIGINT'), before);
});

t.test('train --dry-run prints the plan in 80 columns', async (t) => {
  const { out, calls } = await lockstep(['train', '--dry-run', '--threads', '3']);
  t.same(calls, [['planRun', { threads: 3, dryRun: true }]]);
  for (const line of out.split('\n')) t.ok(line.length <= 80, line);
  // Long cells wrap between words: compare the words.
  const words = out.replace(/[\s│]+/g, ' ');
  t.match(words, '4 micro-batches on 3 threads: at most 67 %; --micro-batch 16 gives 89 %');
  t.match(words, 'memory 30.0 MB');
  t.match(words, 'rows 17.0 MB');
  t.match(words, 'time of training 3 min 55 s');
  const json = await lockstep(['train', '--dry-run', '--json']);
  t.same(JSON.parse(json.out), PLAN);
});

t.test('train --resume checks against the folder before anything is loaded', async (t) => {
  const environment = { processors: 1, now: new Date(0), cwd: '/' };
  const config = resolveConfig({ seed: 1 }, environment);
  const run = t.testdir({ 'config.json': JSON.stringify(config) });
  const refused = await lockstep(['train', '--resume', run, '--seed', '2']);
  t.equal(refused.status, 2);
  t.match(refused.err, '--seed: the run has 1, got 2');
  const taken = await lockstep(['train', '--resume', run, '--threads', '2']);
  t.same(taken.calls, [['train', { resume: run, threads: 2 }, false]]);
});

t.test('evaluate and predict print for people, and JSON for scripts', async (t) => {
  const evaluated = await lockstep(['evaluate', 'run', '--set', 'test', '--threads', '2']);
  t.same(evaluated.calls, [['evaluateRun', '/home/me/run', ['test'], 2, false]]);
  const asked = await lockstep(['evaluate', 'run', '--robustness']);
  t.equal(asked.calls[0]?.[4], true);
  t.match(evaluated.out, 'test  loss 0.2500  accuracy 92.37 %  (10,000 samples)');
  t.match(JSON.parse((await lockstep(['evaluate', 'run', '--json'])).out), {
    step: 4690,
    sets: [{ averages: { micro: { f1: 0.705 } }, confusion: [[44, 8, 0, 6, 6, 0]] }],
  });

  const predicted = await lockstep(['predict', 'run', 'test:12', 'a.csv:3', 'b.idx']);
  t.same(predicted.calls, [
    [
      'predictRun',
      '/home/me/run',
      [
        { kind: 'set', set: 'test', index: 12 },
        { kind: 'file', path: '/home/me/a.csv', index: 3 },
        { kind: 'file', path: '/home/me/b.idx', index: 0 },
      ],
    ],
  ]);
  t.match(predicted.out, 'test:12  Bag 75.00 %, Coat 25.00 %  (is Bag)\n');
  const [first] = JSON.parse(
    (await lockstep(['predict', 'run', 'test:0', '--json'])).out,
  ) as object[];
  t.match(first, { image: 'test:0', label: 'Bag', predicted: 'Bag' });
});

t.test('report writes a page, over an earlier one, over nothing else', async (t) => {
  const file = join(t.testdir({ 'notes.html': 'mine' }), 'page.html');
  for (let time = 0; time < 2; time++) {
    const written = await lockstep(['report', 'a', 'b', '--out', file, '--threads', '2']);
    t.equal(written.status, 0, written.err);
    t.equal(written.out, `${file}\n`);
    t.same(written.calls, [['reportRuns', ['/home/me/a', '/home/me/b'], 2]]);
    t.match(readFileSync(file, 'utf8'), REPORT_MARK);
  }
  const refused = await lockstep(['report', 'a', '--out', join(file, '../notes.html')]);
  t.equal(refused.status, 2);
  t.match(refused.err, 'REPORT_OUTPUT_EXISTS');
  t.same(refused.calls, [], 'before the work is done');
});

t.test('explore hands over data, points and seed, and writes a page', async (t) => {
  const file = join(t.testdir(), 'data.html');
  const done = await lockstep(['explore', 'mine', '--points', '500', '--seed', '7', '--out', file]);
  t.equal(done.out, `${file}\n`, done.err);
  t.same(done.calls, [['exploreData', '/home/me/mine', 500, 7]]);
  const wrong = await lockstep(['explore', '--points', 'many', '--out', file]);
  t.equal(wrong.status, 2);
  t.match(wrong.err, '--points: expected a whole number from 0, got "many"');
});

t.test('engine list says what is there and what to do; install what is not', async (t) => {
  const { out } = await lockstep(['engine', 'list']);
  t.match(
    out,
    'wasm: available\n  plain SIMD\n  GPUs: GPU 0\n  to do: install CUDA\n' +
      'reference: not available\n  broken\n  to do: mend it\n',
  );
  const known = await lockstep(['engine', 'install', 'wasm']);
  t.equal(known.status, 2);
  t.match(known.err, 'Engine wasm comes with Lockstep: there is nothing to install.');
  const unknown = await lockstep(['engine', 'install', 'wasn']);
  t.equal(unknown.status, 2);
  t.match(unknown.err, 'There is no engine "wasn" (did you mean wasm?).');
  const made = await lockstep(['engine', 'install', 'tensorflow', '--from', 'wheels']);
  t.match(made, {
    status: 0,
    out: 'TensorFlow 2.21.0 is installed in /made, on CPU.',
    err: 'from wheels',
  });
  const cuda = await lockstep(['engine', 'install', 'tensorflow', '--gpu', '--without-driver']);
  t.match(cuda, {
    status: 0,
    out: 'TensorFlow 2.21.0 with CUDA 12.5.1 and cuDNN 9 is installed in /made, on CPU. It was not tried on a GPU.',
    err: 'from null without driver',
  });
  const alone = await lockstep(['engine', 'install', 'tensorflow', '--without-driver']);
  t.match(alone, { status: 2, err: '--without-driver belongs to --gpu' });
});

t.test('coordinator asks for a run on workers, and prints how to join', async (t) => {
  const flags = ['--epochs', '2', '--listen', '[::1]:0', '--min-workers', '2'];
  const { status, err, calls } = await lockstep(['coordinator', ...flags]);
  t.equal(status, 0, err);
  t.match(err, 'lockstep worker --join ws://127.0.0.1:4711 --token-file /run/token');
  t.match(calls[0]?.[1], {
    epochs: 2,
    cluster: { listen: { host: '::1', port: 0 }, minWorkers: 2, expectWorkers: null },
  });
});

t.test('worker asks to work, with the flags as they are', async (t) => {
  const where = ['worker', '--join', 'ws://h:1', '--token-file', 'f'];
  const { status, out, err, calls } = await lockstep([...where, '--threads', '3', '--name', 'n', '--data-memory', '5000', '--keep-features', '0']); // prettier-ignore
  t.equal(status, 0, err);
  t.match(out, /Receiving the data set\.\nThe run is finished\./);
  const expected = {
    ...{ join: 'ws://h:1', tokenFile: 'f', tlsCa: null },
    ...{ threads: 3, name: 'n', listen: null, engine: null, gpus: null, dataMemory: 5000 },
    keepFeatures: 0,
  };
  t.match(calls[0]?.[1], expected);
  const onGpus = await lockstep([...where, '--engine', 'tensorflow', '--gpus', '1,0']);
  t.match(onGpus.calls[0]?.[1], { threads: null, engine: 'tensorflow', gpus: [1, 0] });
  const faults = [
    ['--threads', '0'],
    ['--threads', 'two'],
    ['--gpus', 'both'],
    ['--gpus', '0,0'],
    ['--engine', 'tensorflaw'],
    ['--data-memory', '1GB'],
    ['--keep-features', '-1'],
    ['--listen', '7333'],
    ['--wait', '-1'],
  ];
  for (const fault of faults) {
    const wrong = await lockstep([...where, ...fault]);
    t.equal(wrong.status, 2, fault.join(' '));
    t.match(wrong.err, 'USAGE_INVALID');
  }
});

t.test('status shows who does what', async (t) => {
  const { status, out, err } = await lockstep(['status', 'ws://h:1', '--token-file', 'f']);
  t.equal(status, 0, err);
  t.match(out, 'run: step 17 of 40, checkpoint after 14, view 3, term 1');
  t.match(out, /two +│ node2: 12 +│ computing │ +17 │ +3 │ +12\.3 │ +0\.3 s ago/);
});
