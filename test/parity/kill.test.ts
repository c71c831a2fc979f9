import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RunSummary } from '#src/index.js';
import { cli, startCli, type ProcessEnd } from '../support/cli-process.js';
import { testRandom } from '../support/random.js';
import { realImages, stepsOf, untimedMetrics, writeImages } from '../support/small-runs.js';

// A run that is killed again and again, and goes on each time with another number of threads, ends
// with the bytes of one that nobody disturbed.
t.setTimeout(900_000);

const KILLS = Number(process.env['KILLS'] ?? 30);
const KILLS_OF_A_RUN = 11;
/** The rest are spread over the time that the whole run takes, its start included. */
const CHECKPOINT_KILLS_PER_CENT = 65;
const random = testRandom('kill');

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(250, 60));
// Six steps an epoch, the last of 10 samples; training ends within the tenth epoch.
const TRAINING = ['--model', 'mlp', '--data', data, '--steps', '57', '--batch-size', '48'];

const undisturbed = join(folder, 'undisturbed');
const whole = await cli(['train', ...TRAINING, '--out', undisturbed, '--threads', '2'], { env });
t.equal(whole.status, 0, whole.stderr);

t.test(`A run killed with SIGKILL, ${String(KILLS)} times in all`, async (t) => {
  const killed = { before: 0, inside: 0, other: 0 };
  for (let run = 1; killedSoFar(killed) < KILLS; run++) {
    if (!t.ok(run < 30, 'a run survives long enough to be killed several times')) return;
    const out = join(folder, `run-${String(run)}`);
    let kills = 0;
    while (kills < KILLS_OF_A_RUN && killedSoFar(killed) < KILLS) {
      const end = await killSomewhere(out);
      if (end.signal === null) {
        if (end.status !== 0) t.fail(`resumption: ${end.stderr}`);
        break;
      }
      kills++;
      killed[placeOfDeath(out)]++;
    }
    if (!existsSync(join(out, 'summary.json'))) {
      const end = await cli(commandFor(out), { env });
      t.equal(end.status, 0, `the end of run ${String(run)}: ${end.stderr}`);
    }
    compare(t, out, `run ${String(run)}, killed ${String(kills)} times`);
  }
  t.comment(
    `${String(killed.before)} before the first checkpoint, ${String(killed.inside)} inside the ` +
      `writing of one, ${String(killed.other)} elsewhere; seed ${String(random.seed)}`,
  );
  t.ok(killed.inside >= 3, 'some kills land inside checkpoint writes');
  t.ok(killed.before + killed.other >= 3, 'some land elsewhere');
});

type Place = 'before' | 'inside' | 'other';
function killedSoFar({ before, inside, other }: Record<Place, number>): number {
  return before + inside + other;
}

/** Starts the run, or goes on with it, on a random number of threads. */
function commandFor(out: string): string[] {
  const begun = existsSync(join(out, 'config.json'));
  const every = 1 + random.below(3);
  return [
    'train',
    ...(begun ? ['--resume', out] : [...TRAINING, '--out', out]),
    ...['--threads', String(1 + random.below(4)), '--checkpoint-every', String(every)],
  ];
}

/** Ends as the run does, if that comes to its end before the instant chosen. */
async function killSomewhere(out: string): Promise<ProcessEnd> {
  const checkpoints = join(out, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  const { child, ended } = startCli(commandFor(out), { env });
  const stop = new AbortController();
  const { signal } = stop;
  const instant =
    random.below(100) < CHECKPOINT_KILLS_PER_CENT
      ? checkpointWrite(checkpoints, 1 + random.below(4), signal)
      : after(random.below(Math.ceil(whole.seconds * 1000)), undefined, { signal });
  await Promise.race([instant.catch(() => undefined), ended]);
  stop.abort();
  if (child.exitCode === null) child.kill('SIGKILL');
  return ended;
}

/** Up to 3 ms after the writing of a checkpoint has begun, `count` of them from now. */
async function checkpointWrite(folder: string, count: number, signal: AbortSignal): Promise<void> {
  const begun = new Set<string>();
  const watcher = watch(folder, { signal });
  await new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => {
      if (!String(name).endsWith('.partial')) return;
      begun.add(String(name));
      if (begun.size === count) resolve();
    });
  });
  const until = performance.now() + random.below(3000) / 1000;
  while (performance.now() < until) await new Promise(setImmediate);
}

function placeOfDeath(out: string): Place {
  const names = existsSync(join(out, 'checkpoints')) ? readdirSync(join(out, 'checkpoints')) : [];
  if (names.some((name) => name.endsWith('.partial'))) return 'inside';
  return names.length === 0 ? 'before' : 'other';
}

function compare(t: Test, out: string, title: string): void {
  const [expected, got] = [undisturbed, out].map((run) => {
    const { steps, samplesSeen, epochs, weightsDigest, ...rest } = JSON.parse(
      readFileSync(join(run, 'summary.json'), 'utf8'),
    ) as RunSummary;
    const { trainLoss, trainAccuracy, testLoss, testAccuracy } = rest;
    return {
      summary: { steps, samplesSeen, epochs, weightsDigest },
      means: { trainLoss, trainAccuracy, testLoss, testAccuracy },
      metrics: untimedMetrics(run),
    };
  });
  t.strictSame(got, expected, `${title}: digest, summary and metrics`);
  t.equal(got!.summary.samplesSeen, 9 * 250 + 3 * 48);
  t.strictSame(
    stepsOf(out),
    Array.from({ length: 57 }, (_, i) => i + 1),
    'every step once',
  );
}
