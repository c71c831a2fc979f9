import t from 'tap';
import { clusterStatusText } from '#src/cli/display/cluster-status.js';
import { printable } from '#src/cli/display/printable.js';
import type { ClusterStatus } from '#src/shared/wire/status.js';

const worker: ClusterStatus['workers'][number] = {
  name: 'first',
  member: 'first-1',
  host: 'node1',
  pid: 4711,
  threads: 8,
  from: '10.0.0.2:5000',
  url: null,
  role: 'member',
  activity: 'computing',
  applied: 12,
  millisPerMicroBatch: 3.25,
  microBatches: 5,
  heardMillisAgo: 120,
};
const status: ClusterStatus = {
  run: 'c0ffee',
  folder: '/runs/mine',
  version: '0.1.0',
  model: 'lenet5',
  engine: 'wasm',
  host: 'node0',
  pid: 12,
  phase: 'run',
  view: 3,
  term: 1,
  stable: 12,
  steps: 100,
  storedAfter: 10,
  minWorkers: 1,
  workers: [worker],
};

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

t.test('A worker has a line that tells who it is and what it does', (t) => {
  const text = clusterStatusText(status);
  t.match(text, /run: step 12 of 100, checkpoint after 10, view 3, term 1/);
  t.match(text, /first +│ node1: 4711 +│ computing +│ +12 │ +5 │ +3\.3 │ 0\.1 s ago/);
  t.match(clusterStatusText({ ...status, workers: [] }), /no workers/);
  t.end();
});

t.test('The table fits 80 columns, whatever names and numbers are in it', (t) => {
  const long = {
    ...worker,
    name: `trainer-${'x'.repeat(60)}-0017`,
    host: 'ip-10-117-203-118.eu-central-1.compute.internal',
    pid: 4194303,
    applied: 1234567,
    microBatches: 4096,
    millisPerMicroBatch: 12345.6,
    heardMillisAgo: 4900,
  };
  const text = clusterStatusText({ ...status, workers: [worker, long] });
  t.ok(widest(text) <= 80, `${String(widest(text))} columns`);
  t.match(text, /train.*….*0017 │ ip-.*….*4303 │/, 'names are cut in the middle');
  t.end();
});

t.test('What a terminal would obey does not reach it', (t) => {
  t.equal(
    printable('a\u001b[2Jb\u0007c\u009b31m\u202ed\r'),
    'a\ufffd[2Jb\ufffdc\ufffd31m\ufffdd\ufffd',
  );
  t.equal(
    printable('\u001b[36mname |\u001b[39m höst ☹\t1'),
    '\u001b[36mname |\u001b[39m höst ☹\t1',
  );
  t.equal(printable('lost\nRun finished.'), 'lost\n  Run finished.', 'no line of ours');
  const evil = { ...worker, host: 'a\u001b]0;x\u0007\n│ b' };
  // eslint-disable-next-line no-control-regex -- none may be there
  t.notMatch(clusterStatusText({ ...status, workers: [evil] }), /[\u0000-\u0009\u000b-\u001f]/);
  t.end();
});
