import t, { type Test } from 'tap';
import type { WebSocket } from 'ws';
import type { LockstepError } from '#src/shared/errors.js';
import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import { encodeFrame, MAX_FRAME_BYTES } from '#src/shared/wire/frame.js';
import { fromWorkerSchema } from '#src/shared/wire/session.js';
import { FROM_COORDINATOR, FROM_WORKER } from '../../support/messages.js';
import { rawFrame } from '../../support/raw-frame.js';
import {
  openDoor,
  rawConnection,
  TOKEN,
  untilClosed,
  upgradeRequest,
} from '../../support/sockets.js';
import { testRandom } from '../../support/random.js';

const random = testRandom('hostile sockets');
const timing = encodeFrame(FROM_WORKER.timing[0]!);

const randomBytes = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));

interface Attack {
  /** Of the link that was attacked. */
  readonly closed: string;
  readonly heard: number;
  readonly invalid: LockstepError[];
  /** What the attacker was told. */
  readonly told: { readonly code: number; readonly reason: string };
}

/** A worker that has the token does its worst; then nothing but its link has ended. */
async function attack(t: Test, strike: (socket: WebSocket) => void): Promise<Attack> {
  const door = await openDoor(t);
  const [attacker, far] = await Promise.all([dial(door.url, TOKEN), door.next()]);
  let heard = 0;
  const invalid: LockstepError[] = [];
  const onInvalid = (error: LockstepError): void => void invalid.push(error);
  const link = new SocketLink(far, { peer: 'attacker', accepts: fromWorkerSchema, onInvalid });
  link.receive(() => heard++);
  const told = new Promise<Attack['told']>((resolve) => {
    attacker.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  attacker.resume();
  strike(attacker);
  const closed = await link.closed;
  const result = { closed, heard, invalid, told: await told };
  const honest = await dial(door.url, TOKEN);
  t.equal(honest.readyState, honest.OPEN, 'others still get in');
  honest.terminate();
  return result;
}

t.test('What is no frame closes the link, with the reason at both ends', async (t) => {
  const frames: Readonly<Record<string, string | Buffer>> = {
    nothing: Buffer.alloc(0),
    text: 'text',
    'a frame as text': timing.toString('latin1'),
    zeros: Buffer.alloc(1000),
    'another version': rawFrame(timing.subarray(12), undefined, { version: 2 }),
    'a damaged one': Buffer.concat([timing.subarray(0, -1), Buffer.of(0)]),
    'two in one': Buffer.concat([timing, timing]),
    'a message for workers': encodeFrame(FROM_COORDINATOR.addresses[0]!),
  };
  for (const [name, frame] of Object.entries(frames)) {
    const { closed, heard, invalid, told } = await attack(t, (socket) => {
      socket.send(timing);
      socket.send(frame, { binary: typeof frame !== 'string' });
      socket.send(timing);
    });
    t.match(closed, /^A frame was refused: /, name);
    t.equal(heard, 1, 'what came before is heard, what came after is not');
    t.equal(invalid.length, 1);
    t.match(invalid[0], { code: 'WIRE_INVALID', message: closed });
    t.equal(told.code, 1008);
    t.ok(closed.startsWith(told.reason) && told.reason.length > 20, told.reason);
  }
});

t.test('Garbage of every length closes the link', async (t) => {
  for (let round = 0; round < 60; round++) {
    const garbage = randomBytes(random.below(200));
    if (random.below(2) === 0 && garbage.length > 0) garbage[0] = 1;
    const { heard, invalid } = await attack(t, (socket) => {
      socket.send(garbage);
    });
    t.strictSame([heard, invalid.length], [0, 1], garbage.toString('hex').slice(0, 40));
  }
});

t.test('The largest frame is read, and one byte more is not', async (t) => {
  const largest = await attack(t, (socket) => {
    socket.send(Buffer.alloc(MAX_FRAME_BYTES, 1));
  });
  t.match(largest.closed, /^A frame was refused: /, 'read, and found to be none');
  const larger = await attack(t, (socket) => {
    socket.send(Buffer.alloc(MAX_FRAME_BYTES + 1, 1));
  });
  t.match(larger.closed, /Max payload size exceeded/);
  t.equal(larger.told.code, 1009);
  const pieces = await attack(t, (socket) => {
    for (let i = 0; i < 100; i++) socket.send(Buffer.alloc(1 << 20), { fin: false });
  });
  t.match(pieces.closed, /Max payload size exceeded/, 'nor in pieces');
});

t.test('A frame of terabytes is refused by its length alone', async (t) => {
  const door = await openDoor(t);
  const raw = await rawConnection(t, door.url);
  raw.write(upgradeRequest());
  const link = new SocketLink(await door.next(), { peer: 'x', accepts: fromWorkerSchema });
  link.receive(() => undefined);
  const before = process.memoryUsage().rss;
  raw.write(Buffer.from('82ff00000fffffffffff00000000', 'hex'));
  t.match(await link.closed, /Max payload size exceeded|Unsupported WebSocket frame/);
  t.ok(process.memoryUsage().rss - before < 50e6);
  await untilClosed(raw);
});

t.test('Bytes that are no WebSocket close the link, and the connection soon after', async (t) => {
  for (let round = 0; round < 20; round++) {
    const door = await openDoor(t);
    const raw = await rawConnection(t, door.url);
    raw.write(upgradeRequest());
    const link = new SocketLink(await door.next(), { peer: 'x', accepts: fromWorkerSchema });
    link.receive(() => t.fail('nothing is heard'));
    const bytes = randomBytes(300);
    // Reserved bits, or no mask: never allowed from a client.
    bytes[0] = 0x82 | (random.below(7) << 4);
    bytes[1]! &= 0x7f;
    raw.write(bytes);
    t.type(await link.closed, 'string');
    const began = performance.now();
    await untilClosed(raw);
    t.ok(performance.now() - began < 4000);
  }
});

t.test('A peer that says what is wrong for ever, and does not hear, is cut off', async (t) => {
  const door = await openDoor(t);
  const raw = await rawConnection(t, door.url);
  raw.write(upgradeRequest());
  const link = new SocketLink(await door.next(), { peer: 'x', accepts: fromWorkerSchema });
  link.receive(() => undefined);
  const began = performance.now();
  // Frames of one byte, in WebSocket's own form, masked with zeros.
  const noise = Buffer.concat(
    Array.from({ length: 1000 }, () => Buffer.from('82810000000000', 'hex')),
  );
  const timer = setInterval(() => raw.write(noise), 10);
  raw.once('close', () => {
    clearInterval(timer);
  });
  t.match(await link.closed, /^A frame was refused: it has 1 bytes/);
  await untilClosed(raw);
  const millis = Math.round(performance.now() - began);
  t.ok(millis < 5000, `after ${millis} ms`);
});
