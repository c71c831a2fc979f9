import { connect, type Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { dial } from '#src/shared/link/dial.js';
import { SocketLink, type SocketLinkOptions } from '#src/shared/link/socket-link.js';
import { SocketServer, type SocketServerOptions } from '#src/shared/link/socket-server.js';
import { Token } from '#src/shared/link/token.js';
import {
  fromCoordinatorSchema,
  fromWorkerSchema,
  type FromCoordinator,
  type FromWorker,
} from '#src/shared/wire/session.js';

export const TOKEN = new Token('the-right-token-of-this-run');
export const LOOPBACK = { host: '127.0.0.1', port: 0 };

export type WorkerLink = SocketLink<FromWorker, FromCoordinator>;
export type CoordinatorLink = SocketLink<FromCoordinator, FromWorker>;

/** Who cleans up: a tap test. */
interface Test {
  teardown(handler: () => unknown): void;
}

export interface Door {
  readonly server: SocketServer;
  readonly url: string;
  /** Connections that were let in and that nobody has asked for yet, in order. */
  readonly admitted: WebSocket[];
  next(): Promise<WebSocket>;
}

/** A server on loopback. */
export async function openDoor(t: Test, more: Partial<SocketServerOptions> = {}): Promise<Door> {
  const admitted: WebSocket[] = [];
  let wake: (socket: WebSocket) => void = (socket) => admitted.push(socket);
  const onConnection = (socket: WebSocket): void => {
    wake(socket);
  };
  const server = await SocketServer.open({
    ...{ listen: LOOPBACK, token: TOKEN, tls: null },
    onConnection,
    ...more,
  });
  t.teardown(() => server.close());
  const next = (): Promise<WebSocket> => {
    const first = admitted.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      wake = (socket) => {
        wake = (later) => admitted.push(later);
        resolve(socket);
      };
    });
  };
  return { server, url: `ws://127.0.0.1:${server.address.port}`, admitted, next };
}

type LinkOptions = Partial<SocketLinkOptions<never>>;

/** A worker's link and the coordinator's, over one connection. */
export async function linkPair(
  t: Test,
  options: LinkOptions = {},
): Promise<{ worker: WorkerLink; coordinator: CoordinatorLink; sockets: WebSocket[] }> {
  const door = await openDoor(t);
  const [near, far] = await Promise.all([dial(door.url, TOKEN), door.next()]);
  const worker: WorkerLink = new SocketLink(near, {
    ...options,
    peer: 'coordinator',
    accepts: fromCoordinatorSchema,
  });
  const coordinator: CoordinatorLink = new SocketLink(far, {
    ...options,
    peer: 'worker',
    accepts: fromWorkerSchema,
  });
  t.teardown(() => {
    near.terminate();
  });
  return { worker, coordinator, sockets: [near, far] };
}

/** A TCP connection that speaks for itself. */
export async function rawConnection(t: Test, url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** All that comes until the other side closes. */
export async function untilClosed(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** The request that opens a WebSocket; `headers` replace, `undefined` leaves out. */
export function upgradeRequest(
  path = '/lockstep',
  headers: Readonly<Record<string, string | undefined>> = {},
): string {
  const all = {
    Host: '127.0.0.1',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'lockstep.1',
    Authorization: TOKEN.authorization,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
