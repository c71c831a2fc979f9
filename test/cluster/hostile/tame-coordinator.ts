import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import { SocketServer } from '#src/shared/link/socket-server.js';
import { webSocketUrl } from '#src/shared/link/socket-address.js';
import { readToken, type Token } from '#src/shared/link/token.js';
import { floatBits } from '#src/shared/numerics/float-bits.js';
import type { Assignment, Orders } from '#src/shared/protocol/messages.js';
import { version } from '#src/shared/version.js';
import {
  fromCoordinatorSchema,
  fromWorkerSchema,
  type FromCoordinator,
  type FromWorker,
  type Join,
  type Welcome,
} from '#src/shared/wire/session.js';
import type { WebSocket } from 'ws';

const TERM = 1;
export const TAME = 'tame';
/** Enough for a worker to be in the middle of a run. */
const GRANTED = 4;
/** Who has joined is soon heard of. */
const HEARTBEAT_MILLISECONDS = 50;

/** A worker that is a member, alone in its view, and has nothing left to do. */
export interface Tamed {
  readonly join: Join;
  readonly socket: WebSocket;
  readonly link: SocketLink<FromCoordinator, FromWorker>;
  /** Where its peers reach it. */
  readonly url: string;
  /** What it says from now on. */
  onMessage: (message: FromWorker) => void;
}

/**
 * Stands in for a coordinator: gives workers what a real one told it of its run, makes each a member
 * of a view of its own, and lets it make a few steps. What it then says is up to a test.
 */
export class TameCoordinator {
  readonly token: Token;
  readonly welcome: Welcome;
  readonly #upstream: SocketLink<FromWorker, FromCoordinator>;
  readonly #microBatches: number;
  /** Members that were tamed before, and have dialled again. */
  readonly #known = new Set<string>();
  #server!: SocketServer;
  #asking: SocketLink<FromCoordinator, FromWorker> | null = null;

  private constructor(
    token: Token,
    welcome: Welcome,
    upstream: SocketLink<FromWorker, FromCoordinator>,
    microBatches: number,
    readonly onTamed: (worker: Tamed) => void,
  ) {
    this.token = token;
    this.welcome = { ...welcome, heartbeatMillis: HEARTBEAT_MILLISECONDS };
    this.#upstream = upstream;
    this.#microBatches = microBatches;
  }

  /** `url`: of the real one, which is left waiting. */
  static async open(
    url: string,
    tokenFile: string,
    microBatches: number,
    onTamed: (worker: Tamed) => void,
  ): Promise<TameCoordinator> {
    const token = await readToken(tokenFile);
    const upstream = new SocketLink<FromWorker, FromCoordinator>(await dial(url, token), {
      peer: 'the real coordinator',
      accepts: fromCoordinatorSchema,
    });
    let tame: TameCoordinator | null = null;
    const welcomed = new Promise<Welcome>((resolve) => {
      upstream.receive((message) => {
        if (message.kind === 'welcome') resolve(message);
        else if (message.kind === 'data') void tame?.pass(message);
      });
    });
    const who = { member: 'observer', worker: 'observer', host: 'here', pid: 1, threads: 1 };
    await upstream.send({ kind: 'join', version: version(), ...who, listen: null });
    tame = new TameCoordinator(token, await welcomed, upstream, microBatches, onTamed);
    const { greet } = tame;
    tame.#server = await SocketServer.open({
      listen: { host: '127.0.0.1', port: 0 },
      token,
      tls: null,
      onConnection: greet,
    });
    return tame;
  }

  get url(): string {
    return webSocketUrl(this.#server.address, false);
  }

  async close(): Promise<void> {
    this.#upstream.close('the test is over');
    await this.#server.close();
  }

  async pass(data: FromCoordinator): Promise<void> {
    await this.#asking?.send(data).catch(() => undefined);
  }

  readonly greet = (socket: WebSocket): void => {
    const link = new SocketLink<FromCoordinator, FromWorker>(socket, {
      peer: 'a worker',
      accepts: fromWorkerSchema,
    });
    let join: Join | null = null;
    let tamed: Tamed | null = null;
    let sequence = 0;
    const tame = (joined: Join): void => {
      this.#known.add(joined.member);
      tamed = { join: joined, socket, link, url: urlOf(joined), onMessage: () => undefined };
      this.onTamed(tamed);
    };
    const say = (...messages: readonly FromCoordinator[]): void => {
      for (const message of messages) void link.send(message).catch(() => undefined);
    };
    link.receive((message) => {
      if (tamed !== null) tamed.onMessage(message);
      else if (message.kind === 'join') {
        join = message;
        say(this.welcome);
        if (this.#known.has(join.member)) tame(join);
      } else if (message.kind === 'want-data') {
        this.#asking = link;
        void this.#upstream.send(message);
      } else if (join !== null && (message.kind === 'hello' || message.kind === 'report')) {
        const { applied } = message.kind === 'hello' ? message.report : message;
        if (applied === GRANTED) tame(join);
        else say(this.#assignment(join.member), this.#orders(++sequence, applied ?? 0, GRANTED));
      }
    });
  };

  /** Lets it go on to this state; resolves with its lineage there. */
  async lead(worker: Tamed, to: number): Promise<string | null> {
    return new Promise((resolve) => {
      let sequence = 1000;
      let applied = GRANTED;
      const go = (): void => {
        void worker.link.send(this.#orders(++sequence, applied, to)).catch(() => undefined);
      };
      worker.onMessage = (message) => {
        const report = message.kind === 'hello' ? message.report : message;
        if (report.kind !== 'report') return;
        applied = report.applied ?? applied;
        if (applied === to) resolve(report.lineage);
        else go();
      };
      go();
    });
  }

  #orders(sequence: number, stable: number, last: number): Orders {
    const upTo = Math.min(last, stable + 1);
    // As the configuration has it: workers compute it themselves.
    const learningRateBits = floatBits(0.001);
    const steps = Array.from({ length: upTo - stable }, (_, i) => stable + i);
    return {
      kind: 'orders',
      run: this.welcome.run,
      term: TERM,
      coordinator: TAME,
      sequence,
      view: 1,
      phase: 'run',
      base: 0,
      upTo,
      stable,
      release: stable,
      durable: stable,
      controls: steps.map((step) => ({ step, learningRateBits, evaluation: [] })),
      duties: steps.map((step) => ({ step, plan: 1 })),
      captures: [],
      failure: null,
    };
  }

  #assignment(to: string): Assignment {
    const compute = [{ first: 0, end: this.#microBatches }];
    const shares = [{ plan: 1, provide: [], compute }];
    return {
      kind: 'assignment',
      run: this.welcome.run,
      term: TERM,
      coordinator: TAME,
      to,
      number: 1,
      view: 1,
      learning: null,
      reducers: [to],
      shares,
      followers: [{ member: to, shares }],
      sources: [],
      relayed: [],
      evaluation: null,
    };
  }
}

function urlOf({ listen }: Join): string {
  return webSocketUrl({ host: listen?.host ?? '127.0.0.1', port: listen?.port ?? 0 }, false);
}

/** A message as one to this worker in the run, and at the step, that it is in. */
export function addressed(
  header: Readonly<Record<string, unknown>>,
  run: string,
  from: string,
  to: string,
): Record<string, unknown> {
  const own: Readonly<Record<string, unknown>> = {
    ...{ run, to, from, term: TERM, coordinator: TAME, view: 1, step: GRANTED, applied: GRANTED },
  };
  const replaced = (value: unknown, key: string): unknown => {
    if (key in own) return own[key];
    if (Array.isArray(value)) return value.map((item) => replaced(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, replaced(inner, name)]),
    );
  };
  return replaced(header, '') as Record<string, unknown>;
}
