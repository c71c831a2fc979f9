/** One HTTP request, from a byte on, with bounded waits. */
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { LockstepError } from '../../../shared/errors.js';

export interface HttpLimits {
  /** To a connection, name look-up included. */
  readonly connectMillis: number;
  /** Within each such span at least `leastBytes` must arrive, or the answer end. */
  readonly stallMillis: number;
  readonly leastBytes: number;
}

export interface HttpGet {
  readonly url: URL;
  /** Where to start; the server may not heed it. */
  readonly fromByte: number;
  readonly limits: HttpLimits;
  /** Called once, before the first piece: where the body really starts, and where the file ends. */
  readonly onStart: (start: { fromByte: number; totalBytes: number | undefined }) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
}

/** How a request failed; tells whether another try makes sense. */
export type HttpFailure = 'unreachable' | 'interrupted' | 'refused' | 'range';

export class HttpError extends LockstepError {
  constructor(
    readonly failure: HttpFailure,
    message: string,
    cause?: unknown,
  ) {
    super('DATA_FETCH_FAILED', message, { cause, hint: 'See the reasons given.' });
  }
}

const MOST_REDIRECTS = 5;

/** Ends when the whole body has been handed on. @throws HttpError */
export async function httpGet(get: HttpGet, redirects = 0): Promise<void> {
  const next = await getOnce(get);
  if (next === undefined) return;
  if (redirects === MOST_REDIRECTS) {
    throw new HttpError('refused', `${get.url.href} redirects more than ${MOST_REDIRECTS} times`);
  }
  await httpGet({ ...get, url: next }, redirects + 1);
}

/** @returns where to ask instead, if the server says so */
function getOnce(get: HttpGet): Promise<URL | undefined> {
  const { url, fromByte, limits } = get;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (fromByte > 0) headers['range'] = `bytes=${fromByte}-`;
    const request = send(url, { headers, agent: false });
    const give = (failure: HttpFailure, what: string, cause?: unknown) => {
      clearTimeout(connectTimer);
      clearInterval(stallTimer);
      request.destroy();
      reject(new HttpError(failure, `${url.href} ${what}`, cause));
    };

    let connected = false;
    const connectTimer = setTimeout(() => {
      give('unreachable', `could not be connected to within ${limits.connectMillis} ms`);
    }, limits.connectMillis);
    let bytesInSpan = 0;
    const stallTimer = setInterval(() => {
      if (connected && bytesInSpan < limits.leastBytes) {
        give('interrupted', `sent ${bytesInSpan} bytes within ${limits.stallMillis} ms`);
      }
      bytesInSpan = 0;
    }, limits.stallMillis);

    request.on('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        connected = true;
        bytesInSpan = limits.leastBytes; // The first span starts within a span of the timer.
        clearTimeout(connectTimer);
      });
    });
    request.on('error', (error) => {
      const what = `could not be read: ${error.message}`;
      give(connected ? 'interrupted' : 'unreachable', what, error);
    });
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      const done = (next?: URL) => {
        clearInterval(stallTimer);
        resolve(next);
      };
      if (statusCode >= 300 && statusCode < 400 && response.headers.location !== undefined) {
        response.resume();
        const next = redirectOf(response.headers.location, url);
        if (next === undefined) {
          return give('refused', `redirects to "${response.headers.location}"`);
        }
        request.destroy();
        return done(next);
      }
      const start = startOf(response, fromByte);
      if (start instanceof HttpError) return give(start.failure, start.message);
      let received = 0;
      /** The caller's own failure, a full disk say, ends the request and goes back to it. */
      const guarded = (call: () => void) => {
        try {
          call();
        } catch (error) {
          clearInterval(stallTimer);
          request.destroy();
          reject(error as Error);
        }
      };
      response.on('data', (bytes: Buffer) => {
        bytesInSpan += bytes.length;
        received += bytes.length;
        guarded(() => get.onBytes(bytes));
      });
      response.on('error', (error) => {
        give('interrupted', `broke off after ${received} bytes: ${error.message}`, error);
      });
      // An answer that is shorter than it says ends in an error, not here.
      response.on('end', () => done());
      guarded(() => get.onStart(start));
    });
    request.end();
  });
}

function redirectOf(location: string, from: URL): URL | undefined {
  if (!URL.canParse(location, from)) return undefined;
  const url = new URL(location, from);
  return /^https?:$/.test(url.protocol) ? url : undefined;
}

function startOf(response: IncomingMessage, fromByte: number) {
  const { statusCode, statusMessage, headers } = response;
  const length = lengthOf(response);
  if (statusCode === 200) return { fromByte: 0, totalBytes: length };
  if (statusCode === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    if (range !== null && Number(range[1]) === fromByte) {
      return { fromByte, totalBytes: range[2] === '*' ? undefined : Number(range[2]) };
    }
    return new HttpError('range', `sent the range "${headers['content-range']}"`);
  }
  const what = `answered ${statusCode} ${statusMessage ?? ''}`.trim();
  if (statusCode === 416) return new HttpError('range', what);
  const mayPass = statusCode === 408 || statusCode === 429 || (statusCode ?? 0) >= 500;
  return new HttpError(mayPass ? 'interrupted' : 'refused', what);
}

function lengthOf(response: IncomingMessage): number | undefined {
  const length = response.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}
