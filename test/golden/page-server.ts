import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { repository } from './repository.js';

/**
 * Serves a page that runs one module, and the built files it needs, on a port of 127.0.0.1, and
 * waits for what the page posts back.
 */
export interface PageServer {
  readonly url: string;
  /** What the program returned; rejects with what it threw. */
  readonly result: Promise<unknown>;
  close(): void;
}

/** Browsers resolve no `#src/…`: this is what package.json's "imports" says, for a page. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>Lockstep</title>
<script type="importmap">{ "imports": { "#src/": "/dist/" } }</script>
<script type="module" src="/build/test/golden/page-main.js"></script>`;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Without these two a page gets no SharedArrayBuffer and no shared WebAssembly.Memory. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

export async function servePage(module: string): Promise<PageServer> {
  const { result, resolve, reject } = deferred();
  const server = createServer((request, response) => {
    void answer(request, response, { resolve, reject }).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/?module=${encodeURIComponent(module)}`,
    result,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Settle {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

function deferred(): Settle & { readonly result: Promise<unknown> } {
  let settle: Settle | undefined;
  const result = new Promise<unknown>((resolve, reject) => (settle = { resolve, reject }));
  return { result, ...settle! };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  posted: Settle,
): Promise<void> {
  const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
  if (request.method === 'POST' && path === '/result') {
    const outcome = JSON.parse(await bodyOf(request)) as { result?: unknown; error?: string };
    response.writeHead(204).end();
    if (outcome.error === undefined) posted.resolve(outcome.result);
    else posted.reject(new Error(outcome.error));
    return;
  }
  if (path === '/') {
    response.writeHead(200, { 'Content-Type': 'text/html', ...ISOLATION }).end(PAGE);
    return;
  }
  // Only what has been built is served.
  const file = /^\/(dist|build)\//.test(path) ? join(repository, path) : null;
  const bytes = file === null ? null : await readFile(file).catch(() => null);
  if (bytes === null) {
    response.writeHead(404, ISOLATION).end(`${path} is not there`);
    return;
  }
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, ...ISOLATION }).end(bytes);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
