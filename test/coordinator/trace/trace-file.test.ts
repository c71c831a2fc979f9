import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { TraceFile } from '#src/coordinator/trace/trace-file.js';
import { readTimeline } from '../../support/timeline.js';

const worker = { name: 'a', label: 'here, process 1' };

void t.test('spans and marks, as viewers read them', async (t) => {
  const path = join(t.testdir(), 'new', 'run.json');
  const trace = await TraceFile.create(path, (error) => {
    throw error;
  });
  const span = { track: 'thread 0', name: 'compute', begin: 1000.5, end: 1002, facts: { step: 3 } };
  trace.add(worker, span);
  trace.add(worker, { ...span, track: 'thread 1' }, -250);
  trace.mark(worker, 'epoch 1 ends', 1003);
  await trace.close();
  const { spans, marks } = readTimeline(path);
  const common = { process: 'a', name: 'compute', facts: { step: 3 } };
  t.strictSame(spans, [
    { ...common, track: 'thread 0', begin: 1000.5, end: 1002 },
    { ...common, track: 'thread 1', begin: 750.5, end: 752 },
  ]);
  t.strictSame(marks, ['epoch 1 ends']);
});

void t.test('a file that is there stays as it is', async (t) => {
  const path = join(t.testdir({ 'run.json': 'mine', 'run-2.json': 'mine' }), 'run.json');
  const trace = await TraceFile.create(path, () => undefined);
  t.equal(basename(trace.path), 'run-3.json');
  await trace.close();
});

void t.test('where it cannot be made, an error says so', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'file'), '');
  const path = join(folder, 'file', 'run.json');
  await t.rejects(
    TraceFile.create(path, () => undefined),
    { code: /^RUN_FOLDER_/ },
  );
});
