import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import type { GpuWish } from '../shared/config/gpus.js';
import type { ConfigInput } from '../shared/config/schema.js';
import { LockstepError } from '../shared/errors.js';
import {
  isEncrypted,
  isWildcard,
  parseRunUrl,
  type SocketAddress,
} from '../shared/link/socket-address.js';
import { readTrust, type ClientTls } from '../shared/link/tls.js';
import { readToken, type Token } from '../shared/link/token.js';
import type { MemberId } from '../shared/protocol/names.js';
import { version } from '../shared/version.js';
import { within } from '../shared/within.js';
import type { FromCoordinator, Join, Welcome } from '../shared/wire/session.js';
import { BlobFetch } from '../worker/cluster/blob-fetch.js';
import { ClusterPost } from '../worker/cluster/cluster-post.js';
import { CoordinatorLine } from '../worker/cluster/coordinator-line.js';
import { PeerLinks } from '../worker/cluster/peer-links.js';
import { TraceSender } from '../worker/cluster/trace-sender.js';
import { loadKernels } from '../worker/engine/wasm/module.js';
import { Trainer } from '../worker/trainer.js';
import { FeatureFiles } from './feature-files.js';
import { tellReadAhead } from './data-memory.js';
import { trainerSetup, withProbeRow, type PreparedRun } from './prepare-run.js';
import { prepareWorker } from './prepare-worker.js';
import { beginLife } from './run-member.js';

export interface WorkInput {
  /** `ws://HOST:PORT` or `wss://HOST:PORT` of the coordinator. */
  readonly join: string;
  readonly tokenFile: string;
  /** PEM file of the authority to trust at a `wss` address; null: those of Node and the system. */
  readonly tlsCa: string | null;
  /** null: as many as there are processors; or GPUs, where the engine computes on them. */
  readonly threads: number | null;
  /**
   * null: the engine of the run. Another one is let in only where the run allows for it
   * (mixedEngines).
   */
  readonly engine?: ConfigInput['engine'] | null;
  /** null: where the run computes on GPUs, all that its engine can use; else none. */
  readonly gpus?: GpuWish;
  /** The most bytes of images in memory; a larger data set stays in a file. null: no bound. */
  readonly dataMemory?: number | null;
  /** Mebibytes for what frozen layers compute of each image; null: as many as the run has. */
  readonly keepFeatures?: number | null;
  /** Where other workers may connect; null: a free port, on loopback where the coordinator is. */
  readonly listen: SocketAddress | null;
  /** null: host and process. */
  readonly name: string | null;
  /** How long to wait for a coordinator that does not answer yet. */
  readonly waitSeconds: number;
  readonly notice: (text: string) => void;
  /** Aborted: the worker leaves the run, which goes on without it. */
  readonly signal?: AbortSignal;
  /** URL of a ThreadHook, for tests. */
  readonly threadHook?: string;
}

const WELCOME_MILLISECONDS = 10_000;

/**
 * Works for a run until it is finished: joins, receives what it needs, computes its share. Throws
 * JOIN_*, TLS_INVALID, PROTOCOL_*, COORDINATOR_LOST and what ended the run; RUN_INTERRUPTED where
 * `signal` did.
 */
export async function work(input: WorkInput): Promise<void> {
  const token = await readToken(input.tokenFile);
  const url = parseRunUrl(input.join);
  const trust = await readTrust(url, input.tlsCa);
  // Whoever wants an encrypted line wants no open ones beside it.
  const peers = await PeerLinks.open(token, input.listen ?? listenFor(url), isEncrypted(url));
  try {
    await new WorkerProcess(input, token, trust, peers).run();
  } finally {
    await peers.close();
  }
}

/** Where a run is on this machine alone, nobody else need see its workers. */
function listenFor({ hostname: host }: URL): SocketAddress {
  const isLoopback = host === 'localhost' || host === '[::1]' || host.startsWith('127.');
  return { host: isLoopback ? host.replaceAll(/[[\]]/g, '') : '0.0.0.0', port: 0 };
}

class WorkerProcess {
  readonly #input: WorkInput;
  readonly #token: Token;
  readonly #trust: ClientTls;
  readonly #peers: PeerLinks;
  readonly #name: string;
  readonly #welcomed: Promise<Welcome>;
  #onWelcome!: (welcome: Welcome) => void;
  #line: CoordinatorLine | null = null;
  #post: ClusterPost | null = null;
  readonly #trace = new TraceSender(async (message) => {
    await this.#line?.send(message);
  });
  readonly #blobs = new BlobFetch(async (message) => {
    await this.#line?.send(message);
  });

  constructor(input: WorkInput, token: Token, trust: ClientTls, peers: PeerLinks) {
    this.#input = input;
    this.#token = token;
    this.#trust = trust;
    this.#peers = peers;
    this.#name = input.name ?? `${hostname()}-${process.pid}`;
    this.#welcomed = new Promise((resolve) => (this.#onWelcome = resolve));
  }

  async run(): Promise<void> {
    const { notice, threads, engine = null, gpus = null } = this.#input;
    const { dataMemory = null, keepFeatures = null } = this.#input;
    let id = await this.#join();
    try {
      const welcome = await this.#welcome();
      const prepared = await prepareWorker(welcome, this.#blobs, {
        worker: this.#name,
        ...{ threads, engine, gpus, dataMemory, keepFeatures },
        notice,
      });
      const trace = welcome.traced ? this.#trace : null;
      const trainer = await Trainer.open({
        ...trainerSetup(prepared, welcome.segments),
        predicts: false,
        onRepair: (fault) => {
          notice(`${fault.message} A new thread takes its place.`);
        },
        onNotice: notice,
        hook: this.#input.threadHook ?? null,
        tracer: trace && trace.add,
      });
      let features: FeatureFiles | null = null;
      try {
        const run = await withProbeRow(prepared, trainer);
        features = await FeatureFiles.open(run, trainer, notice);
        for (let life = 0; ; life++) {
          const retryAfterMillis = await this.#live(id, welcome, run, trainer, life === 0);
          if (retryAfterMillis === null) {
            tellReadAhead(trainer.readAhead, notice);
            return;
          }
          await after(retryAfterMillis, undefined, { signal: this.#input.signal });
          id = await this.#join();
        }
      } finally {
        await features?.write();
        await trainer.close();
      }
    } catch (error) {
      if (this.#input.signal?.aborted) throw left();
      throw error;
    } finally {
      this.#line?.close('the worker has ended');
    }
  }

  /** One life in the run: null once it is finished, or after how long another may begin. */
  async #live(
    id: MemberId,
    welcome: Welcome,
    run: PreparedRun,
    trainer: Trainer,
    isFirst: boolean,
  ): Promise<number | null> {
    const { notice, signal } = this.#input;
    const post = (this.#post = new ClusterPost(this.#line!, this.#peers));
    this.#peers.begin(welcome.run, id, {
      onMessage: (message) => {
        post.deliver(message);
      },
      askAddresses: (members) => {
        void this.#line?.send({ kind: 'want-addresses', members: [...members] });
      },
    });
    const kernels = await loadKernels('plain');
    const member = beginLife(welcome, run, {
      ...{ id, worker: this.#name, isFirst },
      ...{ kernels: kernels.module, trainer, post },
      tracer: welcome.traced ? this.#trace.add : null,
      onStep: ({ step, stepSeconds, computeSeconds, updateSeconds }) => {
        void this.#line?.send({ kind: 'timing', step, stepSeconds, computeSeconds, updateSeconds });
      },
      onWarning: (warning) => {
        notice(warning.message);
      },
    });
    try {
      await Promise.race([member.ended, aborted(signal)]);
      await this.#trace.flush();
      this.#line?.close('the run is finished');
      return null;
    } catch (error) {
      if (signal?.aborted || member.retryAfterMillis === null) throw error;
      notice(`${(error as Error).message} Joining again in ${member.retryAfterMillis} ms.`);
      return member.retryAfterMillis;
    } finally {
      member.ended.catch(() => undefined);
      member.close();
      await member.idle();
    }
  }

  /** Joins as a new member; waits for a coordinator that is not there yet. */
  async #join(): Promise<MemberId> {
    const { join: url, threads, waitSeconds, notice, signal } = this.#input;
    this.#line?.close('the worker joins anew');
    const member = `${this.#name}-${randomUUID().slice(0, 8)}`;
    const { host, port } = this.#peers.address;
    const join: Join = {
      kind: 'join',
      version: version(),
      member,
      worker: this.#name,
      host: hostname(),
      pid: process.pid,
      threads: threads ?? this.#threadsToTell(),
      listen: { host: isWildcard(host) ? null : host, port, tls: this.#peers.isEncrypted },
    };
    const onMessage = (message: FromCoordinator): void => {
      this.#take(message);
    };
    const until = performance.now() + waitSeconds * 1000;
    for (;;) {
      try {
        const options = {
          ...{ url, token: this.#token, trust: this.#trust },
          ...{ join, onMessage, onNotice: notice },
        };
        this.#line = await CoordinatorLine.open(options);
        return member;
      } catch (error) {
        const isThere = !(error instanceof LockstepError) || error.code !== 'JOIN_FAILED';
        if (isThere || signal?.aborted || performance.now() > until) throw error;
        await after(500, undefined, { signal });
      }
    }
  }

  /** Before it is known with which engine: that is the coordinator's word. */
  #threadsToTell(): number {
    const { gpus = null } = this.#input;
    return Array.isArray(gpus) ? gpus.length : Math.min(256, availableParallelism());
  }

  #take(message: FromCoordinator): void {
    switch (message.kind) {
      case 'welcome':
        this.#onWelcome(message);
        return;
      case 'data':
        this.#blobs.deliver(message);
        return;
      case 'clock':
        this.#trace.heard(message);
        return;
      case 'addresses':
        this.#peers.place(message.members);
        return;
      case 'orders':
      case 'assignment':
      case 'refusal':
      case 'piece':
      case 'snapshot-piece':
      case 'want':
      case 'want-snapshot':
      case 'not-yet':
        this.#post?.deliver(message);
    }
  }

  async #welcome(): Promise<Welcome> {
    const welcome = await within(WELCOME_MILLISECONDS, this.#welcomed, null);
    if (welcome !== null) return welcome;
    const reason = this.#line?.reason ?? 'it said nothing';
    throw new LockstepError(
      'JOIN_REFUSED',
      `The coordinator did not let this worker in: ${reason}.`,
      {
        hint: 'Its own output says more.',
        where: { worker: this.#name },
      },
    );
  }
}

/** Rejects when the signal comes; never resolves. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(left());
    signal?.addEventListener('abort', () => {
      reject(left());
    });
  });
}

function left(): LockstepError {
  return new LockstepError('RUN_INTERRUPTED', 'This worker has left the run.', {
    hint: 'The run goes on without it; join again with the same command.',
  });
}
