import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { dial } from '#src/shared/link/dial.js';
import { openDoor, rawConnection, TOKEN, upgradeRequest } from '../../support/sockets.js';

const MANY = 400;
const HANDSHAKE_MILLISECONDS = 1500;

/** Connects many times; what each does then is `behaves`. When each was cut off, in ms from now. */
async function flood(
  t: Test,
  url: string,
  behaves: (socket: Socket) => void,
): Promise<Promise<number>[]> {
  const began = performance.now();
  const sockets = await Promise.all(Array.from({ length: MANY }, () => rawConnection(t, url)));
  return sockets.map((socket) => {
    behaves(socket);
    socket.resume();
    return new Promise((resolve) => {
      socket.once('close', () => {
        resolve(performance.now() - began);
      });
    });
  });
}

const head = upgradeRequest().slice(0, -2);
const FLOODS: Readonly<Record<string, (socket: Socket) => void>> = {
  'send nothing': () => undefined,
  'send half a request': (socket) => socket.write(head),
  drip: (socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(head[at++ % head.length]!), 50);
    socket.once('close', () => {
      clearInterval(timer);
    });
  },
  'have no token, and stay': (socket) => {
    socket.allowHalfOpen = true;
    socket.write(upgradeRequest('/lockstep', { Authorization: undefined }));
    // What comes back ends our reading; a write finds out whether the other side is still there.
    socket.once('end', () => {
      const timer = setInterval(() => socket.write('x'), 50);
      socket.once('close', () => {
        clearInterval(timer);
      });
    });
  },
};

for (const [name, behaves] of Object.entries(FLOODS)) {
  void t.test(`${MANY} connections that ${name} are cut off, and a worker gets in`, async (t) => {
    const door = await openDoor(t, { handshakeMillis: HANDSHAKE_MILLISECONDS });
    const ends = await flood(t, door.url, behaves);
    const began = performance.now();
    const worker = await dial(door.url, TOKEN);
    const waited = performance.now() - began;
    t.ok(waited < 1500, `a worker is in after ${Math.round(waited)} ms`);
    const last = Math.max(...(await Promise.all(ends)));
    t.ok(last < HANDSHAKE_MILLISECONDS + 2500, `the last is cut off after ${Math.round(last)} ms`);
    t.equal(worker.readyState, worker.OPEN, 'and the worker is still there');
    t.equal(door.admitted.length, 1);
    worker.terminate();
  });
}
