import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { LockstepError } from '../errors.js';
import { failureOf } from '../protocol/failure.js';
import { MAX_FRAME_BYTES, PROTOCOL_VERSION } from '../wire/frame.js';
import { STATUS_PATH } from '../wire/status.js';
import { formatSocketAddress, type SocketAddress } from './socket-address.js';
import type { ServerTls } from './tls.js';
import type { Token } from './token.js';

export const SOCKET_PATH = '/lockstep';
export const SUBPROTOCOL = 'lockstep.';

export interface SocketServerOptions {
  readonly listen: SocketAddress;
  readonly token: Token;
  /** null: links are not encrypted. */
  readonly tls: ServerTls | null;
  /** A connection that was let in, and where it comes from. */
  readonly onConnection: (socket: WebSocket, from: string) => void;
  /** What is told, as JSON, to who asks for STATUS_PATH with the token. */
  readonly status?: () => unknown;
  /** How long a connection may take to say who it is. */
  readonly handshakeMillis?: number;
}

const HANDSHAKE_MILLISECONDS = 10_000;
/** How often those that take longer are looked for; Node's own 30 s are far more than 10. */
const CHECK_MILLISECONDS = 500;
const MOST_CONNECTIONS = 4096;
const MOST_HEADER_BYTES = 8192;

/** Lets in whoever has the token and speaks this version; answers others with a reason. */
export class SocketServer {
  readonly address: SocketAddress;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  private constructor(server: Server, sockets: WebSocketServer, address: SocketAddress) {
    this.#server = server;
    this.#sockets = sockets;
    this.address = address;
  }

  /** Throws LISTEN_FAILED. */
  static async open(options: SocketServerOptions): Promise<SocketServer> {
    const { listen, token, tls, onConnection } = options;
    const { handshakeMillis = HANDSHAKE_MILLISECONDS } = options;
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    const limits = {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: handshakeMillis,
      requestTimeout: handshakeMillis,
      connectionsCheckingInterval: CHECK_MILLISECONDS,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      answer(request, response, options);
    };
    const server =
      tls === null
        ? createServer(limits, onRequest)
        : createTlsServer({ ...limits, ...tls, handshakeTimeout: handshakeMillis }, onRequest);
    // Whoever speaks no TLS, or has another key, is cut off; that is no error of ours.
    server.on('tlsClientError', (_: Error, socket: Duplex) => socket.destroy());
    server.maxConnections = MOST_CONNECTIONS;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // A peer that goes away in the middle is no error of ours.
      socket.on('error', () => undefined);
      const refusal = refusalOf(request, token);
      if (refusal !== null) {
        turnAway(socket, refusal);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const { remoteAddress = 'somewhere', remotePort = 0 } = request.socket;
        // A socket for both families shows IPv4 so.
        const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
        onConnection(opened, formatSocketAddress({ host, port: remotePort }));
      });
    });
    await listening(server, listen);
    // A connection that cannot be taken is no reason to end the run.
    server.on('error', () => undefined);
    const { address: host, port } = server.address() as AddressInfo;
    return new SocketServer(server, sockets, { host, port });
  }

  /** Stops listening and cuts all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }
}

/** A request that is no WebSocket's: for the status, or by mistake. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { token, status }: SocketServerOptions,
): void {
  const json = (code: number, value: unknown): void => {
    response.writeHead(code, { 'content-type': 'application/json', connection: 'close' });
    response.end(`${JSON.stringify(value)}\n`, () => request.destroy());
  };
  const refusal =
    request.method === 'GET' && request.url === STATUS_PATH && status !== undefined
      ? wrongToken(request, token)
      : { status: '404 Not Found', error: nothingHere() };
  if (refusal === null) json(200, status!());
  else json(Number.parseInt(refusal.status, 10), portable(refusal.error));
}

interface HttpRefusal {
  readonly status: string;
  readonly error: LockstepError;
}

function refusalOf(request: IncomingMessage, token: Token): HttpRefusal | null {
  if (request.url !== SOCKET_PATH) return { status: '404 Not Found', error: nothingHere() };
  const refusal = wrongToken(request, token);
  if (refusal !== null) return refusal;
  const asked = request.headers['sec-websocket-protocol'] ?? 'none';
  if (asked !== `${SUBPROTOCOL}${PROTOCOL_VERSION}`) {
    const error = new LockstepError(
      'JOIN_REFUSED',
      `This side speaks version ${PROTOCOL_VERSION} of the protocol, the other ${asked.slice(0, 40)}.`,
      { hint: 'Install the same version of Lockstep on all machines.' },
    );
    return { status: '426 Upgrade Required', error };
  }
  return null;
}

function wrongToken(request: IncomingMessage, token: Token): HttpRefusal | null {
  if (token.admits(request.headers.authorization)) return null;
  const error = new LockstepError('JOIN_REFUSED', 'The token is not that of this run.', {
    hint: 'Give --token-file the file that the coordinator was started with.',
  });
  return { status: '401 Unauthorized', error };
}

function nothingHere(): LockstepError {
  return new LockstepError('JOIN_REFUSED', 'There is nothing at this path.', {
    hint: `Workers join at ${SOCKET_PATH}, by WebSocket.`,
  });
}

/** The error travels as JSON, so that the other side can show it as its own. */
function portable(error: LockstepError): object {
  const { code, message, hint, where } = failureOf(error);
  return { code, message, hint, where };
}

function turnAway(socket: Duplex, { status, error }: HttpRefusal): void {
  const body = JSON.stringify(portable(error));
  // Not left to the other side, which may never close its own.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function listening(server: Server, address: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      reject(
        new LockstepError(
          'LISTEN_FAILED',
          `${formatSocketAddress(address)} cannot be listened on: ${cause.message}.`,
          {
            hint: 'Take another port, or 0 for a free one, and an address of this machine.',
            cause,
          },
        ),
      );
    };
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
