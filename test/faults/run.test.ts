import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CheckpointStore } from '#src/coordinator/run-folder/checkpoint-store.js';
import type { RunSummary } from '#src/index.js';
import {
  cli,
  cliCommand,
  startCli,
  startProcess,
  type ProcessEnd,
} from '../support/cli-process.js';
import { realImages, stepsOf, untimedMetrics, writeImages } from '../support/small-runs.js';

// What befalls a run from outside: it ends with a state to go on from, and says what happened.
t.setTimeout(600_000);

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const images = await realImages(300, 60);
const data = await writeImages(join(folder, 'data'), images);
const MODEL = ['--model', 'mlp', '--batch-size', '32', '--threads', '2'];
const TRAIN = ['train', '--data', data, ...MODEL];
/** Ten steps an epoch; long enough to be interrupted. */
const LONG = [...TRAIN, '--epochs', '12'];

const undisturbed = join(folder, 'undisturbed');
const whole = await cli([...LONG, '--out', undisturbed], { env });
t.equal(whole.status, 0, whole.stderr);

const summaryOf = (run: string): RunSummary =>
  JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as RunSummary;

function sameAs(t: Test, run: string, expected: string): void {
  const [got, wanted] = [summaryOf(run), summaryOf(expected)];
  t.equal(got.weightsDigest, wanted.weightsDigest, 'the undisturbed digest');
  t.equal(got.samplesSeen, wanted.samplesSeen);
  t.equal(got.trainLoss, wanted.trainLoss);
  t.equal(got.testAccuracy, wanted.testAccuracy);
  t.strictSame(untimedMetrics(run), untimedMetrics(expected));
}

async function newestStep(t: Test, run: string): Promise<number> {
  const store = new CheckpointStore(join(run, 'checkpoints'), 2);
  const found = await store.newestValid((error) => t.fail(error.message));
  return found?.checkpoint.step ?? 0;
}

async function resume(t: Test, run: string, flags: readonly string[] = []): Promise<void> {
  const { status, stderr } = await cli(['train', '--resume', run, ...flags], { env });
  t.equal(status, 0, stderr);
}

/** Starts a long run and sends it signals once it has told of its first epoch. */
function interrupt(out: string, signals: readonly NodeJS.Signals[]): Promise<ProcessEnd> {
  const { child, ended } = startCli([...LONG, '--out', out, '--checkpoint-every', '1000'], { env });
  let seen = '';
  child.stdout?.on('data', (text: string) => {
    const before = seen.includes('epoch 1');
    seen += text;
    if (before || !seen.includes('epoch 1')) return;
    for (const signal of signals) child.kill(signal);
  });
  return ended;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends the run after its step, with a checkpoint`, async (t) => {
    const out = join(folder, signal);
    const { status, stderr } = await interrupt(out, [signal]);
    t.equal(status, 130);
    t.match(stderr, /RUN_INTERRUPTED/);
    t.match(stderr, `--resume ${out}`);
    const step = await newestStep(t, out);
    t.ok(step > 0 && step < 120, `step ${String(step)}`);
    t.strictSame(
      stepsOf(out),
      Array.from({ length: step }, (_, i) => i + 1),
    );
    await resume(t, out, ['--threads', '3']);
    sameAs(t, out, undisturbed);
  });
}

t.test('A second signal ends the process at once; what was saved is good', async (t) => {
  const out = join(folder, 'twice');
  // Two kinds: of one kind, the second might be lost in the first.
  const { status, stderr } = await interrupt(out, ['SIGINT', 'SIGTERM']);
  t.equal(status, 130);
  t.notMatch(stderr, /RUN_INTERRUPTED|LOCKSTEP_INTERNAL|at file:/);
  await resume(t, out);
  sameAs(t, out, undisturbed);
});

t.test('A reader that goes away ends the display, not the run', async (t) => {
  const out = join(folder, 'head');
  const words = [cliCommand, ...TRAIN, '--epochs', '2', '--out', out];
  const { ended } = startProcess('bash', ['-c', `${words.join(' ')} | head -1`], { env });
  const { stdout, stderr } = await ended;
  t.equal(stdout.trimEnd().split('\n').length, 1);
  t.notMatch(stderr, /EPIPE|at file:|at node:/);
  t.equal(summaryOf(out).steps, 20, 'the run came to its end');
});

t.test('A disk that fills up ends the run; the checkpoint before is good', async (t) => {
  const out = join(folder, 'full');
  await cli([...TRAIN, '--epochs', '1', '--out', out], { env });
  t.equal(await newestStep(t, out), 10);
  // A file may grow to 1 MiB: enough for the lines, not for a checkpoint of 2.8 MB.
  const words = [cliCommand, 'train', '--resume', out, '--epochs', '12', '--quiet'];
  const limited = `ulimit -f 1024; trap '' XFSZ; unset NODE_OPTIONS; exec ${words.join(' ')}`;
  const { status, stderr } = await startProcess('bash', ['-c', limited], { env }).ended;
  t.equal(status, 1);
  t.match(stderr, /RUN_FOLDER_DISK_FULL: .*step-\d+\.ckpt could not be written \(EFBIG\)/);
  t.match(stderr, new RegExp(`[\\d.]+ MB free in ${join(out, 'checkpoints')}`));
  t.equal(await newestStep(t, out), 10);
  t.strictSame(readdirSync(join(out, 'checkpoints')), ['step-00000010.ckpt']);
  await resume(t, out);
  sameAs(t, out, undisturbed);
});

const mayMount = process.getuid?.() === 0 && canMount();
t.test('A small disk, full', { skip: !mayMount && 'mounting needs root' }, async (t) => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  // Room for one checkpoint and its lines; the second, written beside it, does not fit.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  try {
    const out = join(disk, 'run');
    const { status, stderr } = await cli([...LONG, '--out', out, '--quiet'], { env });
    t.equal(status, 1);
    t.match(stderr, /RUN_FOLDER_DISK_FULL: .* could not be written \(ENOSPC\): [\d.]+ MB free/);
    const step = await newestStep(t, out);
    t.ok(step >= 10, `the state after step ${String(step)} is there`);
    const moved = join(folder, 'moved');
    cpSync(out, moved, { recursive: true });
    await resume(t, moved);
    sameAs(t, moved, undisturbed);
  } finally {
    execFileSync('umount', [disk]);
  }
});

t.test(
  'A place that cannot be written is refused',
  { skip: !mayMount && 'needs root' },
  async (t) => {
    const disk = join(folder, 'read-only');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', disk]);
    try {
      const { status, stderr } = await cli([...LONG, '--out', join(disk, 'run')], { env });
      t.equal(status, 1);
      t.match(stderr, /RUN_FOLDER_NOT_WRITABLE: .*\(EROFS\)/);
    } finally {
      execFileSync('umount', [disk]);
    }
  },
);

function canMount(): boolean {
  const probe = join(folder, 'probe');
  mkdirSync(probe);
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

t.test('A run goes on only as what it began', async (t) => {
  const out = join(folder, 'same');
  await cli([...TRAIN, '--epochs', '1', '--out', out], { env });
  const other = { ...images, train: { ...images.train, images: images.train.images.slice() } };
  other.train.images[5000]! ^= 1;
  const otherData = await writeImages(join(folder, 'other-data'), other);
  const refusals = [
    [['--data', otherData], 1, /RUN_IDENTITY_DIFFERS: .*data set: was \w{12}, is \w{12}/s],
    [['--model', 'lenet5'], 2, /CONFIG_RESUME_DIFFERS: .*--model: the run has "?mlp"?, got/s],
    [['--seed', '7'], 2, /CONFIG_RESUME_DIFFERS: .*--seed: the run has 0, got 7/s],
    [['--batch-size', '64'], 2, /CONFIG_RESUME_DIFFERS: .*--batch-size/s],
    [['--epochs', '0'], 2, /CONFIG_INVALID/],
  ] as const;
  for (const [flags, expected, message] of refusals) {
    const { status, stderr } = await cli(['train', '--resume', out, '--epochs', '3', ...flags], {
      env,
    });
    t.equal(status, expected, flags.join(' '));
    t.match(stderr, message);
    t.notMatch(stderr, /at file:/);
  }
  await resume(t, out, ['--epochs', '12']);
  sameAs(t, out, undisturbed);
});

t.test('A run that ended within an epoch goes on as if it had not', async (t) => {
  const out = join(folder, 'within');
  await cli([...TRAIN, '--steps', '14', '--out', out], { env });
  t.equal(summaryOf(out).samplesSeen, 300 + 4 * 32);
  await resume(t, out, ['--epochs', '12', '--threads', '1']);
  sameAs(t, out, undisturbed);
});

t.test('A run that is done may be asked for again, to the same figures', async (t) => {
  const out = join(folder, 'again');
  cpSync(undisturbed, out, { recursive: true });
  await resume(t, out);
  sameAs(t, out, undisturbed);
});
