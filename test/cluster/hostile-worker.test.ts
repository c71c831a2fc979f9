import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Refusal } from '#src/shared/protocol/messages.js';
import { startProcess } from '../support/cli-process.js';
import { OutcomeTable } from '../support/outcome-table.js';
import { testRandom } from '../support/random.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';
import {
  attackAsCoordinator,
  attackAsPeer,
  speakForAnother,
  type Attack,
} from './hostile/attack.js';
import { flood } from './hostile/flood.js';
import { TAME, TameCoordinator, type Tamed } from './hostile/tame-coordinator.js';

// Workers in the middle of a run are told what nobody tells them: by peers that have the token, and by
// the coordinator itself. Frames are valid, with one field changed; each is followed by a question, and
// so its outcome is known before the next. $HOSTILE_FRAMES says how many, TEST_SEED repeats them.
t.setTimeout(0);

const FRAMES = Number(process.env['HOSTILE_FRAMES'] ?? 600);
const WORKERS = 24;
const MOST_MEGABYTES = 600;
/** More than a row takes: a worker keeps only what may be of use. */
const FLOOD_PIECES = 2000;
const MICRO_BATCHES = 8;
const LATER = 8;

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(16, 8));
const training = ['--model', 'mlp', '--data', data, '--batch-size', '8', '--micro-batch', '1'];
const random = testRandom('what workers are told');

const out = join(folder, 'run');
const cluster = new TestCluster({ training: [...training, '--steps', '1000'], out, env });
await cluster.coordinate();
t.teardown(() => cluster.stop());

const tamed = new Map<string, Tamed>();
let onTamed = (worker: Tamed): void => {
  tamed.set(worker.join.worker, worker);
};
const tame = await TameCoordinator.open(cluster.url, cluster.tokenFile, MICRO_BATCHES, (worker) => {
  onTamed(worker);
});
t.teardown(() => tame.close());
const script = fileURLToPath(new URL('many/workers-process.js', import.meta.url));
const args = [script, tame.url, cluster.tokenFile, '0', String(WORKERS), 'again'];
const workers = startProcess(process.execPath, args, { env });
t.teardown(async () => {
  workers.child.kill('SIGKILL');
  await workers.ended;
});

const peakMegabytes = (): number => {
  const status = readFileSync(`/proc/${String(workers.child.pid)}/status`, 'latin1');
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) / 1024;
};

async function until(what: string, condition: () => boolean, seconds = 60): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (workers.child.exitCode !== null || workers.child.signalCode !== null) {
      throw new TypeError(`The workers have crashed: ${(await workers.ended).stderr.slice(-3000)}`);
    }
    if (waited > seconds * 1000)
      throw new TypeError(`${what} did not come in ${String(seconds)} s.`);
    await after(20);
  }
}

function attackOf(frames: number): Attack & { readonly sent: () => number } {
  let sent = 0;
  const next = (): boolean => sent++ < frames;
  return { run: tame.welcome.run, random, outcomes: new OutcomeTable(), next, sent: () => sent };
}

void t.test(
  `Peers say ${String(FRAMES)} hostile things (TEST_SEED=${String(random.seed)})`,
  async (t) => {
    await until('the first workers', () => tamed.size === WORKERS);
    t.comment(`all are in the middle of a run after ${(performance.now() / 1000).toFixed(0)} s`);
    const [spared, ...attacked] = [...tamed.values()];
    const attack = attackOf(FRAMES);
    let lives = 0;
    await Promise.all(
      attacked.map(async (worker) => {
        while (attack.sent() < FRAMES) {
          await attackAsPeer(worker, tame.token, `evil-${String(++lives)}`, attack);
        }
      }),
    );
    t.comment(`\n${attack.outcomes.toString()}`);
    t.comment(`${String(lives)} connections; ${peakMegabytes().toFixed(0)} MB at most`);
    t.equal(attack.outcomes.total('silent'), 0, 'each was dealt with');
    t.ok(attack.outcomes.total('heard') > 0, 'some are as they may be');
    const reason = await speakForAnother(attacked[0]!, tame.token, tame.welcome.run);
    t.equal(reason, 'it speaks for good');

    t.comment(`and attacked after ${(performance.now() / 1000).toFixed(0)} s`);
    const before = peakMegabytes();
    await flood(attacked[0]!, tame, 'evil-flood', FLOOD_PIECES);
    const grown = peakMegabytes() - before;
    t.ok(grown < 60, `pieces of steps to come take ${grown.toFixed(0)} MB`);

    const lineages = await Promise.all([spared!, ...attacked].map((one) => tame.lead(one, LATER)));
    t.equal(new Set(lineages).size, 1, 'all go on to the same weights');
  },
);

void t.test(`A coordinator says ${String(FRAMES)} hostile things`, async (t) => {
  const attack = attackOf(FRAMES);
  let connections = 0;
  const running = new Set<Promise<void>>();
  const seen = new Set<string>();
  const last: Tamed[] = [];
  const begin = (worker: Tamed): void => {
    connections++;
    seen.add(worker.join.member);
    if (attack.sent() >= FRAMES) {
      last.push(worker);
      return;
    }
    const done: Promise<void> = attackAsCoordinator(worker, attack).finally(() => {
      running.delete(done);
    });
    running.add(done);
  };
  onTamed = begin;
  for (const worker of tamed.values()) begin(worker);
  await until('the end', () => attack.sent() >= FRAMES && running.size === 0, 120 + FRAMES / 50);
  t.comment(`\n${attack.outcomes.toString()}`);
  t.comment(`${String(connections)} connections; ${peakMegabytes().toFixed(0)} MB at most`);
  t.equal(attack.outcomes.total('silent'), 0, 'each was dealt with');
  t.ok(peakMegabytes() < MOST_MEGABYTES, 'memory is bounded');

  // Who is told nothing more that is wrong begins anew, and works.
  const fresh = new Set<string>();
  const release = ({ join, link }: Tamed): void => {
    if (!seen.has(join.member)) fresh.add(join.worker);
    else void link.send(refusalTo(join.member)).catch(() => undefined);
  };
  onTamed = release;
  for (const worker of last) release(worker);
  await until('a worker that works', () => fresh.size > WORKERS / 2);
});

/** Ends a life; another may begin. */
function refusalTo(to: string): Refusal {
  const failure = { code: 'PROTOCOL_REMOVED', message: 'enough', hint: '', where: {} } as const;
  const { run } = tame.welcome;
  const term = Number.MAX_SAFE_INTEGER;
  return {
    ...{ kind: 'refusal', run, from: TAME, to, coordinator: null, term, failure },
    retryAfterMillis: 0,
  };
}
