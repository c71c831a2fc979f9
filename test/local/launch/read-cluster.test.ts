import { readFileSync } from 'node:fs';
import t from 'tap';
import { LockstepError } from '#src/index.js';
import {
  clusterSchema,
  COORDINATOR_SHAPE,
  RESTART_SHAPE,
  SSH_SHAPE,
  WORKER_SHAPE,
} from '#src/local/launch/cluster-schema.js';
import { parseCluster } from '#src/local/launch/read-cluster.js';
import { workerFlags } from '#src/local/launch/script-words.js';
import { CONFIG_KEYS } from '#src/shared/config/schema.js';

const example = JSON.parse(readFileSync('cluster.example.json', 'utf8')) as Record<string, object>;

const faultsIn = (value: unknown): string => {
  try {
    parseCluster(value, '/tmp');
    return '';
  } catch (error) {
    return (error as LockstepError).message;
  }
};

t.test('the example is right and shows every field', (t) => {
  const cluster = parseCluster(example, '/tmp');
  t.equal(cluster.workers.length, 2);
  const keys = (value: object): string[] => Object.keys(value).sort();
  t.same(keys(example), [...keys(clusterSchema.shape), '$schema'].sort());
  t.same(keys(example['coordinator']!), keys(COORDINATOR_SHAPE));
  for (const worker of example['workers'] as object[]) t.same(keys(worker), keys(WORKER_SHAPE));
  t.same(keys(example['ssh']!), keys(SSH_SHAPE));
  t.same(keys(example['restarts']!), keys(RESTART_SHAPE));
  t.same(keys(example['train']!), [...CONFIG_KEYS].sort());
  t.end();
});

t.test('what a launch would not heed in the configuration is refused', (t) => {
  const workers = [{ threads: 1 }];
  const message = faultsIn({ workers, train: { threads: 2, dryRun: true } });
  t.match(message, /train\.threads: null, got 2: each worker has its own, in workers\[\]\.threads/);
  t.match(message, /train\.dryRun: false, got true: a launch trains/);
  t.equal(faultsIn({ workers, train: { threads: null, dryRun: false } }), '');
  t.end();
});

t.test('every fault is listed, with what was meant', (t) => {
  const message = faultsIn({
    cordinator: {},
    coordinator: { minWorker: 1, waitSeconds: -1 },
    workers: [{ hots: 'a', threads: 0 }, { host: '-oProxyCommand=x' }],
    train: { epoch: 3, batchSize: 'many' },
  });
  t.match(message, 'has 8 faults');
  t.match(message, 'cordinator: no such key; did you mean coordinator?');
  t.match(message, 'coordinator.minWorker: no such key; did you mean minWorkers?');
  t.match(message, 'coordinator.waitSeconds: ');
  t.match(message, 'workers.0.hots: no such key; did you mean host?');
  t.match(message, 'workers.0.threads: ');
  t.match(message, 'workers.1.host: expected the name of a host, got "-oProxyCommand=x"');
  t.match(message, 'train.epoch: no such key; did you mean epochs?');
  t.match(message, 'train.batchSize: expected an integer');
  t.end();
});

t.test('no workers, a list, and two of one name are refused', (t) => {
  t.match(faultsIn({}), 'workers: ');
  t.match(faultsIn([]), 'cluster: ');
  t.match(faultsIn({ workers: [{ name: 'a' }, { name: 'a' }] }), 'two workers have the name "a"');
  t.end();
});

t.test('a worker for each GPU, in a process that sees no other', (t) => {
  const gpus = { host: 'big', gpus: '0,3', processPerGpu: true };
  const { workers } = parseCluster({ workers: [gpus, { gpus: 'all' }] }, '/tmp');
  t.strictSame(workers.map(workerFlags), [
    ['--name', 'big-1-gpu0', '--gpus', '0'],
    ['--name', 'big-1-gpu3', '--gpus', '3'],
    ['--name', 'localhost-2', '--gpus', 'all'],
  ]);
  const together = parseCluster({ workers: [{ ...gpus, processPerGpu: false }] }, '/tmp');
  t.strictSame(together.workers.map(workerFlags), [['--name', 'big-1', '--gpus', '0,3']]);
  const small = parseCluster({ workers: [{ keepFeatures: 0, dataMemory: 9 }] }, '/tmp');
  t.strictSame(small.workers.map(workerFlags), [
    ['--name', 'localhost-1', '--data-memory', '9', '--keep-features', '0'],
  ]);
  const fault = (worker: object) => faultsIn({ workers: [worker] });
  t.match(fault({ gpus: 'all', processPerGpu: true }), 'workers.0.processPerGpu: needs gpus with');
  t.match(fault({ gpus: '0,0' }), 'workers.0.gpus: GPU 0 is named twice');
  t.match(fault({ gpus: 'some' }), 'workers.0.gpus: expected all, none, or numbers such as 0,1');
  t.match(fault({ ...gpus, listen: 'h:7400' }), 'workers.0.listen: several workers cannot share');
  t.end();
});

t.test('paths are relative to the file', (t) => {
  const cluster = parseCluster(
    { coordinator: { tokenFile: 'token' }, workers: [{}], train: { out: 'runs/a' } },
    '/some/where',
  );
  t.equal(cluster.coordinator.tokenFile, '/some/where/token');
  t.equal(cluster.train.out, '/some/where/runs/a');
  t.equal(cluster.workers[0]!.name, 'localhost-1');
  t.end();
});
