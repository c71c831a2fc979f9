import { setTimeout as after } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { dial } from '../../shared/link/dial.js';
import type { SocketAddress } from '../../shared/link/socket-address.js';
import { SocketLink } from '../../shared/link/socket-link.js';
import { SocketServer } from '../../shared/link/socket-server.js';
import { peerClientTls, peerServerTls, type ClientTls } from '../../shared/link/tls.js';
import type { Token } from '../../shared/link/token.js';
import type { PeerMessage } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import { within } from '../../shared/within.js';
import { fromPeerSchema, type Addresses, type FromPeer } from '../../shared/wire/session.js';

type PeerLink = SocketLink<FromPeer, FromPeer>;

/**
 * Who has the lower id dials; the other does so too where nobody has come after this long: the
 * first may have nothing to say.
 */
const YIELD_MILLISECONDS = 250;
/** A peer that could not be reached is not tried again before this has passed. */
const AGAIN_MILLISECONDS = 1000;
const GREETING_MILLISECONDS = 5000;
/** How long the coordinator has to say where a peer is. */
const ADDRESS_MILLISECONDS = 2000;

/** Whom the links work for. */
export interface PeerHost {
  readonly onMessage: (message: PeerMessage) => void;
  /** Answered by `place`, sooner or later or never. */
  readonly askAddresses: (members: readonly MemberId[]) => void;
}

/**
 * Direct connections between this worker and others of its run, made when first needed. What cannot
 * be delivered is dropped: the machine asks again, and has the coordinator pass it on in the end.
 */
export class PeerLinks {
  readonly #token: Token;
  readonly #tls: ClientTls;
  readonly #server: SocketServer;
  readonly #links = new Map<MemberId, PeerLink>();
  readonly #opening = new Map<MemberId, Promise<PeerLink | null>>();
  readonly #came = new Map<MemberId, () => void>();
  /** As far as they were asked for. */
  readonly #urls = new Map<MemberId, string | null>();
  readonly #placed = new Map<MemberId, () => void>();
  /** Whom to ask for in this turn of the event loop. */
  #wanted: MemberId[] = [];
  #run = '';
  #self: MemberId = '';
  #host: PeerHost = { onMessage: () => undefined, askAddresses: () => undefined };
  #closed = false;

  private constructor(
    token: Token,
    server: SocketServer,
    readonly isEncrypted: boolean,
  ) {
    this.#token = token;
    this.#tls = peerClientTls(token);
    this.#server = server;
  }

  /** Throws LISTEN_FAILED. */
  static async open(token: Token, listen: SocketAddress, isEncrypted: boolean): Promise<PeerLinks> {
    let links: PeerLinks | null = null;
    const server = await SocketServer.open({
      listen,
      token,
      tls: isEncrypted ? peerServerTls(token) : null,
      onConnection: (socket, from) => {
        links?.accept(socket, from);
      },
    });
    links = new PeerLinks(token, server, isEncrypted);
    return links;
  }

  get address(): SocketAddress {
    return this.#server.address;
  }

  /** From here on this worker is `self` in `run`; connections of an earlier life are cut. */
  begin(run: string, self: MemberId, host: PeerHost): void {
    for (const link of this.#links.values()) link.close('the worker has begun anew');
    this.#links.clear();
    this.#opening.clear();
    this.#urls.clear();
    this.#run = run;
    this.#self = self;
    this.#host = host;
  }

  /** Where others are: the coordinator's answer. */
  place(members: Addresses['members']): void {
    for (const { member, url } of members) {
      const resolve = this.#placed.get(member);
      if (resolve === undefined) continue;
      this.#urls.set(member, url);
      resolve();
    }
  }

  async send(to: MemberId, message: PeerMessage): Promise<void> {
    const link = this.#links.get(to) ?? (await this.#linkTo(to));
    await link?.send(message).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const link of this.#links.values()) link.close('the worker has ended');
    await this.#server.close();
  }

  /** A connection from another worker: its first message says which. */
  accept(socket: WebSocket, from: string): void {
    const link = this.#linkOver(socket, from);
    const tooLate = setTimeout(() => {
      link.close('nothing was said');
    }, GREETING_MILLISECONDS);
    void link.closed.then(() => {
      clearTimeout(tooLate);
    });
    let peer: MemberId | null = null;
    link.receive((message) => {
      if (peer !== null) {
        this.#take(peer, link, message);
        return;
      }
      clearTimeout(tooLate);
      const fits =
        message.kind === 'greeting' && message.run === this.#run && message.to === this.#self;
      if (!fits) {
        link.close('this is another worker, or another run');
        return;
      }
      peer = message.from;
      this.#keep(peer, link);
    });
  }

  #linkTo(to: MemberId): Promise<PeerLink | null> {
    const known = this.#opening.get(to);
    if (known !== undefined) return known;
    const opening = this.#open(to).then(async (link) => {
      if (link === null) await after(AGAIN_MILLISECONDS, undefined, { ref: false });
      if (this.#opening.get(to) === opening) this.#opening.delete(to);
      return link;
    });
    this.#opening.set(to, opening);
    return opening;
  }

  async #open(to: MemberId): Promise<PeerLink | null> {
    const self = this.#self;
    if (self > to) await this.#arrival(to);
    if (!this.#links.has(to) && !this.#urls.has(to)) await this.#address(to);
    const there = this.#links.get(to);
    const url = this.#urls.get(to) ?? null;
    if (there !== undefined || url === null || this.#closed || self !== this.#self) {
      return there ?? null;
    }
    try {
      const link = this.#linkOver(await dial(url, this.#token, this.#tls), to);
      link.receive((message) => {
        this.#take(to, link, message);
      });
      await link.send({ kind: 'greeting', run: this.#run, from: self, to });
      if (self !== this.#self) return null;
      this.#keep(to, link);
      return link;
    } catch {
      return null;
    }
  }

  /** Until the other has connected, or has had the time to. */
  async #arrival(id: MemberId): Promise<void> {
    const came = new Promise<void>((resolve) => this.#came.set(id, resolve));
    await within(YIELD_MILLISECONDS, came, undefined);
    this.#came.delete(id);
  }

  /** Until the coordinator has said where it is, or has had the time to. */
  async #address(id: MemberId): Promise<void> {
    const placed = new Promise<void>((resolve) => this.#placed.set(id, resolve));
    if (this.#wanted.push(id) === 1) {
      setImmediate(() => {
        this.#host.askAddresses(this.#wanted.splice(0));
      });
    }
    await within(ADDRESS_MILLISECONDS, placed, undefined);
    this.#placed.delete(id);
  }

  #linkOver(socket: WebSocket, peer: string): PeerLink {
    return new SocketLink(socket, { peer, accepts: fromPeerSchema });
  }

  /** Of two links to one peer, the newer is written to; both are read. */
  #keep(id: MemberId, link: PeerLink): void {
    this.#links.set(id, link);
    this.#came.get(id)?.();
    void link.closed.then(() => {
      if (this.#links.get(id) === link) this.#links.delete(id);
    });
  }

  /** Each speaks for itself alone; what it passes on would come through the coordinator. */
  #take(peer: MemberId, link: PeerLink, message: FromPeer): void {
    if (message.kind === 'greeting') link.close('it has greeted already');
    else if (message.from !== peer) link.close(`it speaks for ${message.from}`);
    else if (message.run !== this.#run) link.close('it speaks of another run');
    else this.#host.onMessage(message);
  }
}
