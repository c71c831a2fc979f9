/**
 * Loaded into a process of a cluster before everything else (`node --import`): does to it what
 * $CAMPAIGN_FAULTS says, and appends a line to $CAMPAIGN_LOG before each.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import { unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import { placeOf, type Fault, type Place, type Strike } from './fault.js';

const faults = JSON.parse(process.env['CAMPAIGN_FAULTS'] ?? '[]') as Fault[];
const who = process.env['CAMPAIGN_WHO'] ?? '';
const life = Number(process.env['CAMPAIGN_LIFE'] ?? 0);
const counts = new Map<string, number>();

/** The faults that strike here and now. */
function strike(place: Place): readonly Fault[] {
  const name = placeOf(place);
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  const due = faults.filter((fault) => placeOf(fault) === name && fault.nth === count);
  for (const { does } of due) {
    const line: Strike = { at: Date.now(), who, life, place: name, does };
    appendFileSync(process.env['CAMPAIGN_LOG']!, `${JSON.stringify(line)}\n`);
  }
  return due;
}

function endOrStop({ does, millis }: Fault): void {
  const pid = String(process.pid);
  if (does === 'kill') process.kill(process.pid, 'SIGKILL');
  if (does !== 'stop') return;
  const wake = `sleep ${String(millis / 1000)}; kill -CONT ${pid}`;
  spawn('sh', ['-c', wake], { detached: true, stdio: 'ignore' }).unref();
  process.kill(process.pid, 'SIGSTOP');
}

const HEADER = 12;
function kindOf(frame: Uint8Array): string {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const header = bytes.subarray(HEADER, HEADER + bytes.readUInt32LE(4));
  return (unpack(header) as { kind: string }).kind;
}

/** The socket below a WebSocket: what tests may know. */
const below = (socket: WebSocket): Socket => (socket as unknown as { _socket: Socket })._socket;

function silence(socket: WebSocket, millis: number): void {
  const wire = below(socket);
  wire.cork();
  socket.pause();
  setTimeout(() => {
    wire.uncork();
    socket.resume();
  }, millis);
}

type Send = (this: WebSocket, data: Buffer, done?: (error?: Error) => void) => void;

const send = WebSocket.prototype.send as unknown as Send;

function faultySend(this: WebSocket, frame: Buffer, done?: (error?: Error) => void): void {
  const what = kindOf(frame);
  const before = strike({ at: 'before-send', what });
  for (const fault of before) endOrStop(fault);
  const does = (name: Fault['does']): Fault | undefined =>
    before.find((fault) => fault.does === name);
  const quiet = does('silence');
  if (quiet) silence(this, quiet.millis);
  if (does('cut')) {
    this.terminate();
    done?.(new TypeError('cut'));
    return;
  }
  if (does('cut-inside')) {
    send.call(this, frame, done);
    // What of it has reached the wire by now is cut there.
    setImmediate(() => {
      this.terminate();
    });
    return;
  }
  if (does('lose')) {
    done?.();
    return;
  }
  if (does('corrupt')) {
    const copy = Buffer.from(frame);
    const place = Math.floor(copy.length / 2);
    copy[place] = copy[place]! ^ 4;
    send.call(this, copy, done);
  } else {
    send.call(this, frame, done);
  }
  if (does('double')) send.call(this, frame);
  for (const fault of strike({ at: 'after-send', what })) endOrStop(fault);
}

type Emit = (this: WebSocket, event: string, ...args: unknown[]) => boolean;

const emit = WebSocket.prototype.emit as unknown as Emit;

function faultyEmit(this: WebSocket, event: string, ...args: unknown[]): boolean {
  if (event === 'message') {
    let what = 'a broken frame';
    try {
      what = kindOf(args[0] as Uint8Array);
    } catch {
      // Somebody else's fault has come through.
    }
    const due = strike({ at: 'receive', what });
    for (const fault of due) {
      endOrStop(fault);
      if (fault.does === 'lose') return true;
      if (fault.does === 'cut') {
        this.terminate();
        return true;
      }
      if (fault.does === 'silence') silence(this, fault.millis);
      if (fault.does === 'double') emit.call(this, event, ...args);
    }
  }
  return emit.call(this, event, ...args);
}

async function spoilFiles(): Promise<void> {
  const require = createRequire(import.meta.url);
  const promises = require('node:fs/promises') as Record<string, unknown>;
  const { open } = await import('node:fs/promises');
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as Record<string, unknown>;
  await handle.close();
  let fullUntil = 0;
  const wrap = (
    owner: Record<string, unknown>,
    method: string,
    what: 'write' | 'sync' | 'rename',
  ): void => {
    const original = owner[method] as (...args: unknown[]) => Promise<unknown>;
    owner[method] = function (this: unknown, ...args: unknown[]) {
      for (const fault of strike({ at: 'file', what })) {
        endOrStop(fault);
        if (fault.does === 'full') fullUntil = performance.now() + fault.millis;
      }
      if (what === 'write' && performance.now() < fullUntil) {
        const full = new TypeError('ENOSPC: no space left on device, write');
        return Promise.reject(Object.assign(full, { code: 'ENOSPC' }));
      }
      return original.apply(this, args);
    };
  };
  wrap(prototype, 'write', 'write');
  wrap(prototype, 'writeFile', 'write');
  wrap(prototype, 'appendFile', 'write');
  wrap(prototype, 'sync', 'sync');
  wrap(promises, 'rename', 'rename');
  syncBuiltinESMExports();
}

if (faults.length > 0) {
  WebSocket.prototype.send = faultySend as unknown as typeof WebSocket.prototype.send;
  WebSocket.prototype.emit = faultyEmit as unknown as typeof WebSocket.prototype.emit;
  await spoilFiles();
}
