/** A page in a headless Chromium, watched over its debugging protocol. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Peers } from '../golden/peers.js';

export interface SeenPage {
  /** Errors and warnings of the console, exceptions, and what the page's policy refused. */
  readonly complaints: readonly string[];
  /** Addresses asked for, data URLs and the page itself left out. */
  readonly requests: readonly string[];
  /** What the expression gave. */
  readonly value: unknown;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Opens a URL in a window of that width and colour scheme, and evaluates an expression there. */
export async function seePage(
  peers: Peers,
  url: string,
  width: number,
  scheme: 'light' | 'dark',
  expression: string,
): Promise<SeenPage> {
  const profile = await mkdtemp(join(tmpdir(), 'lockstep-page-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank']; // prettier-ignore
  const child = spawn(peers.chromium, flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      HOME: profile,
      LD_LIBRARY_PATH: peers.libraries.join(':'),
      ...(peers.fontconfig !== null && { FONTCONFIG_PATH: peers.fontconfig }),
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let socket: WebSocket | null = null;
  try {
    let log = '';
    const address = new Promise<string>((resolve) => {
      child.stderr.on('data', (piece: Buffer) => {
        log += piece.toString();
        const match = /DevTools listening on (ws:\S+)/.exec(log);
        if (match !== null) resolve(match[1]!);
      });
    });
    const gone = ended.then(() =>
      Promise.reject(new Error(`Chromium ended:\n${log.slice(-2000)}`)),
    );
    gone.catch(() => undefined);
    socket = new WebSocket(await Promise.race([address, gone]));
    const browser = conversation(socket, gone);
    await Promise.race([once(socket, 'open'), gone]);
    const { targetId } = await browser.ask('Target.createTarget', { url: 'about:blank' });
    const attached = await browser.ask('Target.attachToTarget', { targetId, flatten: true });
    const session = attached['sessionId'] as string;
    const ask = (method: string, params = {}) => browser.ask(method, params, session);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await ask(`${domain}.enable`);
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await ask('Emulation.setDeviceMetricsOverride', size);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await ask('Emulation.setEmulatedMedia', { features });
    const loaded = browser.event('Page.loadEventFired');
    await ask('Page.navigate', { url });
    await loaded;
    const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true });
    const heard = browser.heard();
    return {
      complaints: heard.flatMap(complaintOf),
      requests: heard.flatMap((message) => requestOf(message, url)),
      value: (result as { value: unknown }).value,
    };
  } finally {
    socket?.terminate();
    child.kill('SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Questions and their answers; `gone` rejects when the browser ends. */
function conversation(socket: WebSocket, gone: Promise<never>) {
  const messages: Message[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  const events = new Map<string, () => void>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    messages.push(message);
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    if (message.method !== undefined) events.get(message.method)?.();
  });
  return {
    heard: () => messages,
    event: (method: string) =>
      Promise.race([new Promise<void>((resolve) => events.set(method, resolve)), gone]),
    async ask(method: string, params: object, sessionId?: string) {
      const id = ++last;
      const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      const { result, error } = await Promise.race([answer, gone]);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result ?? {};
    },
  };
}

function complaintOf({ method, params = {} }: Message): string[] {
  if (method === 'Runtime.exceptionThrown') return [JSON.stringify(params)];
  if (method === 'Log.entryAdded') {
    const { level, text } = params['entry'] as { level: string; text: string };
    return level === 'error' || level === 'warning' ? [text] : [];
  }
  return method === 'Runtime.consoleAPICalled' ? [JSON.stringify(params)] : [];
}

function requestOf({ method, params = {} }: Message, page: string): string[] {
  if (method !== 'Network.requestWillBeSent') return [];
  const { url } = params['request'] as { url: string };
  return url === page || url.startsWith('data:') ? [] : [url];
}
