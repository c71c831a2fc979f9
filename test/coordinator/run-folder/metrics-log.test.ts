import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { MetricsLog } from '#src/coordinator/run-folder/metrics-log.js';
import type { EpochRecord, StepRecord } from '#src/shared/run-events.js';

const record = (step: number): StepRecord => ({
  kind: 'step',
  step,
  epoch: 1,
  samples: 128,
  loss: 0.5,
  accuracy: 0.25,
  learningRate: 0.001,
  samplesPerSecond: 1000,
  stepSeconds: 0.128,
  computeSeconds: 0.1,
  waitSeconds: 0.02,
  updateSeconds: 0.008,
});

const stepsIn = async (path: string): Promise<number[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as StepRecord).step);

async function logOf(path: string, steps: number[], after = 0): Promise<void> {
  const log = await MetricsLog.open(path, after);
  for (const step of steps) log.append(record(step));
  await log.close();
}

t.test('records are on the disk, in order, after a sync', async (t) => {
  const path = join(t.testdir(), 'metrics.jsonl');
  const log = await MetricsLog.open(path, 0);
  const steps = Array.from({ length: 500 }, (_, i) => i + 1);
  for (const step of steps) log.append(record(step));
  await log.sync();
  t.same(await stepsIn(path), steps);
  t.same(JSON.parse((await readFile(path, 'utf8')).split('\n')[6]!), record(7));
  await log.close();
});

t.test('a resumed run cuts what lies past its checkpoint, and goes on behind it', async (t) => {
  const path = join(t.testdir(), 'metrics.jsonl');
  await logOf(path, [1, 2, 3, 4, 5]);
  await logOf(path, [4, 5, 6], 3);
  t.same(await stepsIn(path), [1, 2, 3, 4, 5, 6]);
});

t.test('the record of an epoch that ends at the checkpoint is cut: it is made again', async (t) => {
  const path = join(t.testdir(), 'metrics.jsonl');
  const log = await MetricsLog.open(path, 0);
  const end = (step: number): EpochRecord => {
    const { samples, loss, accuracy, learningRate, samplesPerSecond } = record(step);
    const sums = { samples, loss, accuracy, learningRate, samplesPerSecond, epochSeconds: 1 };
    const validation = { validationLoss: null, validationAccuracy: null };
    const test = { testLoss: 0.4, testAccuracy: 0.5, isBest: false };
    const evaluated = { ...validation, ...test, evaluationSeconds: 1 };
    return { kind: 'epoch', step, epoch: step / 2, ...sums, ...evaluated };
  };
  for (const line of [record(1), record(2), end(2), record(3), record(4), end(4)]) log.append(line);
  await log.close();
  await logOf(path, [], 4);
  t.same(await stepsIn(path), [1, 2, 2, 3, 4], 'that of an earlier epoch stays');
});

t.test('a run that begins again from nothing keeps nothing', async (t) => {
  const path = join(t.testdir(), 'metrics.jsonl');
  await logOf(path, [1, 2, 3]);
  await logOf(path, [1], 0);
  t.same(await stepsIn(path), [1]);
});

for (const torn of ['{"kind":"step","step":4,"lo', '{"kind":"st\0\0\0\n', '\0\0\0']) {
  t.test(`a torn last line is dropped: ${JSON.stringify(torn)}`, async (t) => {
    const path = join(t.testdir(), 'metrics.jsonl');
    await logOf(path, [1, 2, 3]);
    await writeFile(path, (await readFile(path, 'utf8')) + torn);
    await logOf(path, [4], 100);
    t.same(await stepsIn(path), [1, 2, 3, 4]);
  });
}

t.test('damage before the last line is named, not dropped', async (t) => {
  const path = join(t.testdir(), 'metrics.jsonl');
  await logOf(path, [1, 2, 3]);
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines[1] = 'null';
  await writeFile(path, lines.join('\n'));
  await t.rejects(MetricsLog.open(path, 100), {
    code: 'RUN_METRICS_CORRUPT',
    message: /Line 2 of .*metrics\.jsonl/,
    where: { line: 2 },
  });
  t.equal((await readFile(path, 'utf8')).split('\n').length, 4, 'the file is as it was');
});

t.test('a full disk is reported at the next sync', async (t) => {
  const child = fileURLToPath(new URL('./fill-the-disk.js', import.meta.url));
  // A limit of 8 KiB a file stands for the full disk; the signal that comes with it is ignored.
  // (A test runner's preloads would take it for themselves.)
  const script = `trap '' XFSZ; ulimit -f 8; unset NODE_OPTIONS; exec "$0" "$@"`;
  const path = join(t.testdir(), 'metrics.jsonl');
  const output = await promisify(execFile)('bash', ['-c', script, process.execPath, child, path]);
  t.same(JSON.parse(output.stdout), {
    sync: 'RUN_FOLDER_DISK_FULL',
    append: 'RUN_FOLDER_DISK_FULL',
  });
  t.ok((await stepsIn(path)).length > 10, 'what fitted is there');
});
