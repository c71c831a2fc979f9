/**
 * Many workers in one process: `node workers-process.js URL TOKEN-FILE FIRST COUNT [again]`. With
 * `again` each begins another life when one has ended, however it did.
 */
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import { setTimeout as after } from 'node:timers/promises';
import { LockstepError } from '#src/shared/errors.js';
import { readToken } from '#src/shared/link/token.js';
import { version } from '#src/shared/version.js';
import type { FromCoordinator, Welcome } from '#src/shared/wire/session.js';
import { BlobFetch } from '#src/worker/cluster/blob-fetch.js';
import { ClusterPost } from '#src/worker/cluster/cluster-post.js';
import { CoordinatorLine } from '#src/worker/cluster/coordinator-line.js';
import { PeerLinks } from '#src/worker/cluster/peer-links.js';
import { Trainer } from '#src/worker/trainer.js';
import { trainerSetup, withProbeRow, type PreparedRun } from '#src/local/prepare-run.js';
import { prepareWorker } from '#src/local/prepare-worker.js';
import { beginLife } from '#src/local/run-member.js';
import { FakeTrainer } from './fake-trainer.js';

const [url, tokenFile, first, count, again] = process.argv.slice(2) as [
  ...[string, string, string, string],
  string | undefined,
];
const token = await readToken(tokenFile);
const { module } = await loadKernels('plain');

/** All that is the same for all workers of this process is made once, by the first of them. */
let prepared: Promise<PreparedRun> | null = null;

async function prepare(welcome: Welcome, blobs: BlobFetch): Promise<PreparedRun> {
  const notice = (): void => undefined;
  const run = await prepareWorker(welcome, blobs, {
    worker: `process-${first}`,
    threads: 1,
    engine: null,
    gpus: null,
    notice,
  });
  const setup = { ...trainerSetup(run, welcome.segments), predicts: false, hook: null };
  const trainer = await Trainer.open({ ...setup, onRepair: () => undefined });
  const probed = await withProbeRow(run, trainer);
  await trainer.close();
  return probed;
}

let turn: Promise<void> = Promise.resolve();

/** Many workers in one process do not answer each other as soon as one does. */
const patient = (welcome: Welcome): Welcome => ({
  ...welcome,
  retryMillis: 10_000,
  unreachableMillis: 60_000,
});

/** One life: null where the run is finished, else after how long another may begin. */
async function work(number: number, life: number): Promise<number | null> {
  const name = `w${String(number).padStart(3, '0')}`;
  const peers = await PeerLinks.open(token, { host: '127.0.0.1', port: 0 }, false);
  let post: ClusterPost | null = null;
  let onWelcome!: (welcome: Welcome) => void;
  const welcomed = new Promise<Welcome>((resolve) => (onWelcome = resolve));
  const blobs = new BlobFetch((message) => line.send(message));
  const onMessage = (message: FromCoordinator): void => {
    if (message.kind === 'welcome') onWelcome(message);
    else if (message.kind === 'data') blobs.deliver(message);
    else if (message.kind === 'addresses') {
      peers.place(message.members);
    } else if (message.kind !== 'clock') post?.deliver(message);
  };
  const listen = { host: '127.0.0.1', port: peers.address.port, tls: false };
  const who = {
    version: version(),
    member: `${name}-life${String(life)}`,
    worker: name,
    host: 'here',
  };
  const line = await CoordinatorLine.open({
    url,
    token,
    trust: {},
    join: { kind: 'join', ...who, pid: process.pid, threads: 1, listen },
    onMessage,
    onNotice: (text) => {
      process.stderr.write(`${name}: ${text}\n`);
    },
  });
  const welcome = await welcomed;
  const run = await (prepared ??= prepare(welcome, blobs));
  post = new ClusterPost(line, peers);
  const own = post;
  peers.begin(welcome.run, who.member, {
    onMessage: (message) => {
      own.deliver(message);
    },
    askAddresses: (members) => {
      void line.send({ kind: 'want-addresses', members: [...members] });
    },
  });
  // One at a time: those that live already have to be heard of meanwhile.
  turn = turn.then(() => after(1));
  await turn;
  const member = beginLife(patient(welcome), run, {
    ...{ id: who.member, worker: name, isFirst: true },
    ...{ kernels: module, trainer: new FakeTrainer(run, module, welcome.segments).asTrainer, post },
    onStep: ({ step }) => {
      const seconds = { stepSeconds: 0, computeSeconds: 0, updateSeconds: 0 };
      void line.send({ kind: 'timing', step, ...seconds });
    },
    onWarning: (warning) => {
      process.stderr.write(`${name}: ${warning.message}\n`);
    },
  });
  try {
    await member.ended;
    return null;
  } catch (error) {
    if (again === undefined && member.retryAfterMillis === null) throw error;
    if (!(error instanceof LockstepError)) throw error;
    return again === undefined ? member.retryAfterMillis : 0;
  } finally {
    line.close('the run is finished');
    member.close();
    await peers.close();
  }
}

/** Lives until the run is finished; whoever was taken for lost comes back, as a worker does. */
async function live(number: number): Promise<void> {
  for (let life = 0; ; life++) {
    const retryAfterMillis = await work(number, life);
    if (retryAfterMillis !== null) await after(retryAfterMillis);
    else if (again === undefined) return;
  }
}

await Promise.all(Array.from({ length: Number(count) }, (_, i) => live(Number(first) + i)));
process.exit(0);
