import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import type { WebSocket } from 'ws';
import { dial } from '#src/shared/link/dial.js';
import { readToken } from '#src/shared/link/token.js';
import { version } from '#src/shared/version.js';
import { decodeFrame, encodeFrame } from '#src/shared/wire/frame.js';
import { fromCoordinatorSchema, type Join } from '#src/shared/wire/session.js';
import type { RunSummary } from '#src/index.js';
import { cli } from '../support/cli-process.js';
import { withFieldChanged } from '../support/hostile-frames.js';
import { FROM_WORKER } from '../support/messages.js';
import { OutcomeTable } from '../support/outcome-table.js';
import { testRandom } from '../support/random.js';
import { packr, partsOf, rawFrame } from '../support/raw-frame.js';
import { realImages, writeImages } from '../support/small-runs.js';
import { TestCluster } from './cluster.js';

// Somebody who has the token joins a run at work, and says what no worker says: messages of this run
// in valid frames, one field of each changed. $HOSTILE_FRAMES says how many, TEST_SEED repeats them.
t.setTimeout(600_000);

const FRAMES = Number(process.env['HOSTILE_FRAMES'] ?? 1500);
const ATTACKERS = 4;
const FRAMES_A_LINK = 20;
const WELCOME_MILLISECONDS = 5000;
const MOST_MEGABYTES = 600;

const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(400, 60));
const training = ['--model', 'mlp', '--data', data, '--batch-size', '40', '--micro-batch', '10'];
const length = ['--steps', '1500', '--evaluate-every', '0', '--checkpoint-every', '200'];
const random = testRandom('hostile workers');
const originals = Object.values(FROM_WORKER).map((ofOneKind) =>
  ofOneKind.map((message) => partsOf(encodeFrame(message as never))),
);
const pick = <Item>(list: readonly Item[]): Item => list[random.below(list.length)]!;

const outcomes = new OutcomeTable();
let sent = 0;

/** One connection: joins, then says things until it is cut off. */
async function attack(socket: WebSocket, member: string): Promise<void> {
  let run: string | null = null;
  let reason: string | null = null;
  socket.on('message', (bytes: Buffer) => {
    const message = decodeFrame(bytes, fromCoordinatorSchema);
    if (message.kind === 'welcome') run = message.run;
  });
  socket.on('error', () => undefined);
  socket.once('close', (_, text) => (reason = text.toString()));
  socket.resume();
  const who = { version: version(), member, worker: 'evil', host: 'there', pid: 1, threads: 1 };
  socket.send(encodeFrame({ kind: 'join', ...who, listen: null } satisfies Join));
  for (let waited = 0; run === null && reason === null; waited += 5) {
    if (waited > WELCOME_MILLISECONDS) throw new TypeError('There was no welcome.');
    await after(5);
  }
  for (let i = 0; i < FRAMES_A_LINK && reason === null; i++) {
    const { header, payload } = pick(pick(originals));
    const own = {
      ...header,
      ...('run' in header && { run }),
      ...('from' in header && { from: member }),
    };
    // One in ten as it is: what may be said, by one who has no part in it.
    const { frame } =
      random.below(10) === 0
        ? { frame: rawFrame(packr.pack(own), payload) }
        : withFieldChanged({ header: own, payload }, random);
    socket.send(frame, () => undefined);
    sent++;
    await after(2);
    const what = (reason as string | null)
      ?.replace(/:.*/s, '')
      .replace(/speaks for .*/s, 'speaks for another');
    outcomes.count(header['kind'] as string, what ?? 'heard');
  }
  socket.terminate();
}

function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) / 1024;
}

void t.test(`${String(FRAMES)} hostile messages (TEST_SEED=${String(random.seed)})`, async (t) => {
  const alone = ['train', ...training, ...length, '--out', join(folder, 'alone'), '--threads', '1'];
  const undisturbed = await cli([...alone, '--json', '--quiet'], { env });
  t.equal(undisturbed.status, 0, undisturbed.stderr);

  const out = join(folder, 'run');
  const cluster = new TestCluster({ training: [...training, ...length], out, env });
  t.teardown(() => cluster.stop());
  await cluster.coordinate();
  cluster.work('honest', '--threads', '1');
  await cluster.reached(20);
  const token = await readToken(cluster.tokenFile);
  const began = cluster.steps;
  let lives = 0;
  const attackers = Array.from({ length: ATTACKERS }, async () => {
    while (sent < FRAMES) {
      await attack(await dial(cluster.url, token), `evil-${String(++lives)}`);
    }
  });
  await Promise.all(attackers).catch(async () => {
    const { status, stderr } = await cluster.ended();
    t.fail(
      `after ${String(sent)} messages the coordinator ended with ${String(status)}: ${stderr}`,
    );
  });
  t.comment(`\n${outcomes.toString()}`);
  t.ok(cluster.steps > began, 'the run went on meanwhile');
  const peak = peakMegabytes(cluster.coordinatorPid);
  t.comment(`${String(lives)} connections; the coordinator took ${peak.toFixed(0)} MB at most`);
  t.ok(peak < MOST_MEGABYTES, 'memory is bounded');
  const { status, stderr } = await cluster.ended();
  t.equal(status, 0, stderr);
  const { weightsDigest } = JSON.parse(undisturbed.stdout) as RunSummary;
  t.equal(cluster.summary.weightsDigest, weightsDigest, 'the weights are those of one thread');
});
