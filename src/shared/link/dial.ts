import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { LockstepError } from '../errors.js';
import { errorOf } from '../protocol/failure.js';
import { MAX_FRAME_BYTES, PROTOCOL_VERSION } from '../wire/frame.js';
import { refusalSchema } from '../wire/session.js';
import { SOCKET_PATH, SUBPROTOCOL } from './socket-server.js';
import type { ClientTls } from './tls.js';
import type { Token } from './token.js';

const TIMEOUT_MILLISECONDS = 5000;
const MOST_ANSWER_BYTES = 65536;

/**
 * Opens a connection to a coordinator or a worker; it is paused, so that what comes early waits for
 * who reads it. `tls` says whom to trust where the address is encrypted. Throws JOIN_REFUSED with the
 * other side's reason where it does not let us in, JOIN_UNTRUSTED where its certificate is not to be
 * trusted, JOIN_FAILED where nobody answers, or the address is none.
 */
export function dial(url: string, token: Token, tls: ClientTls = {}): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = connecting(url, token, tls);
    // A handshake that drips has a time, too: ws's own is between one byte and the next.
    const timer = setTimeout(() => {
      fail(noRunAt(url, `no answer within ${TIMEOUT_MILLISECONDS} ms`));
    }, TIMEOUT_MILLISECONDS);
    const settled = (): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
    };
    const fail = (error: LockstepError): void => {
      settled();
      socket.terminate();
      reject(error);
    };
    socket.once('open', () => {
      settled();
      socket.pause();
      resolve(socket);
    });
    socket.once('error', (cause) => {
      fail(unreachable(url, cause));
    });
    socket.once('unexpected-response', (_, response: IncomingMessage) => {
      void answerOf(response).then((text) => {
        fail(refusalIn(text) ?? noRunAt(url, `HTTP status ${response.statusCode ?? 0}`));
      });
    });
  });
}

function connecting(url: string, token: Token, tls: ClientTls): WebSocket {
  try {
    return new WebSocket(new URL(SOCKET_PATH, url), `${SUBPROTOCOL}${PROTOCOL_VERSION}`, {
      headers: { authorization: token.authorization },
      ...tls,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: TIMEOUT_MILLISECONDS,
      // Masks keep a page's script from writing bytes of its choice through a proxy (RFC 6455,
      // 10.3). No page speaks here; and with a mask of zeros, ws leaves the bytes alone.
      generateMask: (mask) => {
        mask.fill(0);
      },
    });
  } catch (cause) {
    throw noRunAt(url, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

const CERTIFICATE_FAULT =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_|INVALID_)/;

/** Why a connection could not be made. */
export function unreachable(url: string, cause: NodeJS.ErrnoException): LockstepError {
  const { code = '', message } = cause;
  if (CERTIFICATE_FAULT.test(code)) {
    return new LockstepError('JOIN_UNTRUSTED', `The certificate of ${url}: ${message}.`, {
      hint: 'Give --tls-ca the certificate of the authority that signed it, and dial a name that it holds.',
      where: { url },
      cause,
    });
  }
  if (code === 'EPROTO') return noRunAt(url, 'it speaks no TLS; try ws:// for wss://', cause);
  if (code === 'ECONNRESET' && url.startsWith('ws:')) {
    return noRunAt(url, `${message}; where it wants TLS, write wss:// for ws://`, cause);
  }
  return noRunAt(url, message === '' ? 'connection refused' : message, cause);
}

/** Nobody answers, or something else does. */
export function noRunAt(url: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError('JOIN_FAILED', `${url} does not answer as a Lockstep run: ${reason}.`, {
    hint: 'Check the address, that the coordinator runs, and what firewalls there are between.',
    where: { url },
    cause,
  });
}

function refusalIn(text: string): LockstepError | null {
  try {
    return errorOf(refusalSchema.parse(JSON.parse(text)));
  } catch {
    return null;
  }
}

/** What a server says instead of a link, as far as it is worth reading. */
export async function answerOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    // Cut off in the middle: what there is will not parse, and is called unreachable.
  }
  return Buffer.concat(chunks).toString('utf8');
}
