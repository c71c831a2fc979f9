/** A web server on this machine in the publisher's place, with faults on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly name: string;
  readonly range: string | undefined;
}

export interface LocalPublisher {
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: ReceivedRequest[];
  readonly close: () => void;
}

/** Answers one request in place of the server; `n` counts requests for this file, from 1. */
export type Fault = (
  response: ServerResponse,
  body: Buffer,
  n: number,
  request: IncomingMessage,
) => boolean;

export async function localPublisher(
  files: ReadonlyMap<string, Buffer>,
  fault: Fault = () => false,
  options: { readonly ranges?: boolean } = {},
): Promise<LocalPublisher> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '/').slice(1));
    const body = files.get(name);
    requests.push({ name, range: request.headers.range });
    if (body === undefined) return void response.writeHead(404).end();
    const n = requests.filter((each) => each.name === name).length;
    if (fault(response, body, n, request)) return;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (options.ranges === false || start === 0) {
      return void response.writeHead(200, { 'content-length': body.length }).end(body);
    }
    if (start >= body.length) return void response.writeHead(416).end();
    const range = `bytes ${start}-${body.length - 1}/${body.length}`;
    response.writeHead(206, { 'content-length': body.length - start, 'content-range': range });
    response.end(body.subarray(start));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Sends the first `bytes` of the file, and then cuts the connection. */
export function cutAfter(bytes: number, times = 1): Fault {
  return (response, body, n) => {
    if (n > times) return false;
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
}
