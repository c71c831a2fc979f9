import type { WebSocket } from 'ws';
import { LockstepError } from '../../shared/errors.js';
import {
  parseSocketAddress,
  webSocketUrl,
  type SocketAddress,
} from '../../shared/link/socket-address.js';
import { SocketLink } from '../../shared/link/socket-link.js';
import { SocketServer } from '../../shared/link/socket-server.js';
import type { ServerTls } from '../../shared/link/tls.js';
import type { Token } from '../../shared/link/token.js';
import type { SnapshotPiece, ToCoordinator, ToMember } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import {
  fromWorkerSchema,
  type FromCoordinator,
  type Addresses,
  type FromWorker,
  type Join,
  type Timing,
  type Trace,
  type WantData,
  type Welcome,
} from '../../shared/wire/session.js';
import { wallMillis } from '../../shared/trace/span.js';
import type { ClusterStatus } from '../../shared/wire/status.js';
import type { MemberLink } from '../coordinator.js';
import { piecesOf, type Blobs } from './blobs.js';

/** A worker that has joined, for people. */
export interface JoinedWorker extends Join {
  /** Where its connection comes from. */
  readonly from: string;
  /** Where other workers reach it; null: nowhere. */
  readonly url: string | null;
}

export interface ClusterServerOptions {
  readonly listen: SocketAddress;
  readonly token: Token;
  /** null: links are not encrypted. */
  readonly tls: ServerTls | null;
  readonly welcome: Welcome;
  readonly blobs: Blobs;
  /** The most workers at a time; those above are refused. */
  readonly maxWorkers: number | null;
  readonly onMember: (worker: JoinedWorker, link: MemberLink) => void;
  readonly onTiming: (member: MemberId, timing: Timing) => void;
  /** Told what workers do, where `welcome` asks them to tell. */
  readonly onTrace: (worker: JoinedWorker, trace: Trace) => void;
  readonly onNotice: (text: string) => void;
  /** What is told to who asks how the run stands. */
  readonly status: (workers: readonly JoinedWorker[]) => ClusterStatus;
}

/** A connection must say who it is within this time. */
const JOIN_MILLISECONDS = 10_000;

type WorkerLink = SocketLink<FromCoordinator, FromWorker>;

/**
 * Where workers join: tells them what the run is, hands out its data, tells who asks where the
 * others are, and gives the coordinator a link to everyone who joined.
 */
export class ClusterServer {
  readonly #options: ClusterServerOptions;
  readonly #joined = new Map<MemberId, { worker: JoinedWorker; link: WorkerLink }>();
  #server: SocketServer | null = null;
  #closing = false;

  private constructor(options: ClusterServerOptions) {
    this.#options = options;
  }

  /** Throws LISTEN_FAILED. */
  static async open(options: ClusterServerOptions): Promise<ClusterServer> {
    const cluster = new ClusterServer(options);
    cluster.#server = await SocketServer.open({
      listen: options.listen,
      token: options.token,
      tls: options.tls,
      onConnection: (socket, from) => {
        cluster.#greet(socket, from);
      },
      status: () => options.status(cluster.workers),
    });
    return cluster;
  }

  get address(): SocketAddress {
    return this.#server!.address;
  }

  get workers(): readonly JoinedWorker[] {
    return [...this.#joined.values()].map(({ worker }) => worker);
  }

  /** Tells all workers what the clock says, for timelines. */
  tellClock(): void {
    for (const { link } of this.#joined.values()) {
      void post(link, { kind: 'clock', asked: wallMillis() });
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#server?.close();
    for (const blob of this.#options.blobs.values()) blob.close?.();
  }

  #greet(socket: WebSocket, from: string): void {
    const link: WorkerLink = new SocketLink(socket, {
      peer: from,
      accepts: fromWorkerSchema,
      onInvalid: (error) => {
        this.#options.onNotice(`${from}: ${error.message}`);
      },
    });
    let session: Session | null = null;
    const tooLate = setTimeout(() => {
      link.close('nothing was said');
    }, JOIN_MILLISECONDS);
    void link.closed.then((reason) => {
      clearTimeout(tooLate);
      if (session !== null) this.#leave(session, reason);
    });
    link.receive((message) => {
      if (session !== null) {
        session.take(message);
      } else if (message.kind === 'join') {
        clearTimeout(tooLate);
        session = this.#admit(message, from, link);
      } else {
        link.close(`the first message is a ${message.kind}, not a join`);
      }
    });
  }

  #admit(join: Join, from: string, link: WorkerLink): Session | null {
    const { welcome, maxWorkers, onMember, onTiming, onTrace, blobs } = this.#options;
    if (join.version !== welcome.version) {
      link.close(`this is Lockstep ${welcome.version}, the worker is ${join.version}`);
      return null;
    }
    if (maxWorkers !== null && this.#joined.size >= maxWorkers && !this.#joined.has(join.member)) {
      link.close(`there are ${maxWorkers} workers, and no more are wanted`);
      return null;
    }
    const worker: JoinedWorker = { ...join, from, url: urlOf(join, from) };
    const desk: Desk = {
      blobs,
      addressesOf: (members) => this.#addressesOf(members),
      onTold: (told) => {
        if (told.kind === 'timing') onTiming(join.member, told);
        else if (welcome.traced) onTrace(worker, told);
      },
    };
    const session = new Session(worker, link, desk);
    this.#joined.set(join.member, { worker, link });
    void post(link, welcome);
    // At once: nothing that it tells can be placed before.
    if (welcome.traced) void post(link, { kind: 'clock', asked: wallMillis() });
    onMember(worker, session);
    return session;
  }

  #leave({ worker, link }: Session, reason: string): void {
    if (this.#joined.get(worker.member)?.link !== link) return;
    this.#joined.delete(worker.member);
    if (this.#closing) return;
    this.#options.onNotice(
      `Worker ${worker.worker} (${worker.host}, process ${worker.pid}) is gone: ${reason}.`,
    );
  }

  #addressesOf(wanted: readonly MemberId[]): Addresses {
    const members = [...new Set(wanted)].flatMap((member) => {
      const joined = this.#joined.get(member);
      return joined === undefined ? [] : [{ member, url: joined.worker.url }];
    });
    return { kind: 'addresses', members };
  }
}

function urlOf({ listen }: Join, from: string): string | null {
  if (listen === null) return null;
  const host = listen.host ?? parseSocketAddress(from).host;
  return webSocketUrl({ host, port: listen.port }, listen.tls);
}

/** What a session needs to answer by itself. */
interface Desk {
  readonly blobs: Blobs;
  readonly addressesOf: (members: readonly MemberId[]) => Addresses;
  readonly onTold: (told: Timing | Trace) => void;
}

/** Requests for data that one worker may have open; ours ask for one window at a time. */
const MOST_REQUESTS = 64;

/** What a worker says, apart: its messages to the machine, and what this side answers itself. */
class Session implements MemberLink {
  readonly peer: string;
  readonly closed: Promise<string>;
  #handler: ((message: ToCoordinator | SnapshotPiece) => void) | null = null;
  readonly #early: (ToCoordinator | SnapshotPiece)[] = [];
  #serving: Promise<void> = Promise.resolve();
  #requests = 0;

  constructor(
    readonly worker: JoinedWorker,
    readonly link: WorkerLink,
    readonly desk: Desk,
  ) {
    this.peer = worker.worker;
    this.closed = link.closed;
  }

  send(message: ToMember): Promise<void> {
    return this.link.send(message);
  }

  receive(handler: (message: ToCoordinator | SnapshotPiece) => void): void {
    this.#handler = handler;
    for (const message of this.#early.splice(0)) handler(message);
  }

  close(reason: string): void {
    this.link.close(reason);
  }

  take(message: FromWorker): void {
    const speaker = speakerOf(message);
    if (speaker !== null && speaker !== this.worker.member) {
      this.link.close(`it speaks for ${speaker}`);
      return;
    }
    switch (message.kind) {
      case 'join':
        this.link.close('it has joined already');
        return;
      case 'want-data':
        this.#queue(message);
        return;
      case 'want-addresses':
        void post(this.link, this.desk.addressesOf(message.members));
        return;
      case 'timing':
      case 'trace':
        this.desk.onTold(message);
        return;
      case 'not-yet':
        return;
      case 'hello':
      case 'report':
      case 'refusal':
      case 'evaluated':
      case 'relay':
      case 'want-snapshot':
      case 'snapshot-piece':
        if (this.#handler === null) this.#early.push(message);
        else this.#handler(message);
    }
  }

  #queue(want: WantData): void {
    if (++this.#requests > MOST_REQUESTS) {
      this.link.close('it asks for too much at a time');
      return;
    }
    this.#serving = this.#serving.then(async () => {
      await this.#serve(want);
      this.#requests--;
    });
  }

  /** A file that cannot be read costs this worker its link, and nobody else anything. */
  async #serve(want: WantData): Promise<void> {
    try {
      for (const piece of piecesOf(this.desk.blobs, want)) await post(this.link, piece);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.link.close(`${error.code}: ${error.message.replace(/\.$/, '')}`);
    }
  }
}

/** Who says it, by its own words; null where it is whoever is at the other end. */
function speakerOf(message: FromWorker): MemberId | null {
  if (message.kind === 'relay') return message.message.from;
  return 'from' in message ? message.from : null;
}

/** Whoever is gone is noticed by its link. */
async function post(link: WorkerLink, message: FromCoordinator): Promise<void> {
  try {
    await link.send(message);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    link.close(error.message);
  }
}
