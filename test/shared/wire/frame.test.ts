import t from 'tap';
import { LockstepError } from '#src/shared/errors.js';
import {
  decodeFrame,
  encodeFrame,
  MAX_HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from '#src/shared/wire/frame.js';
import { fromCoordinatorSchema, fromPeerSchema } from '#src/shared/wire/session.js';
import { FROM_COORDINATOR, FROM_PEER } from '../../support/messages.js';
import { packr, rawFrame } from '../../support/raw-frame.js';

const notYet = FROM_PEER['not-yet'][0]!;
const piece = FROM_PEER.piece[0]!;
const fromPeer = (frame: Uint8Array) => decodeFrame(frame, fromPeerSchema);

function refusalOf(frame: Uint8Array): string {
  try {
    fromPeer(frame);
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'WIRE_INVALID') return error.message;
    throw error;
  }
  return 'accepted';
}

t.test('A frame has these very bytes', (t) => {
  const frame = encodeFrame({ kind: 'not-yet', run: 'ab', from: 'w' } as never);
  const header = '83a46b696e64a76e6f742d796574a372756ea26162a466726f6da177';
  t.equal(frame.toString('hex'), `010000001c000000${frame.toString('hex', 8, 12)}${header}`);
  t.equal(frame.readUInt32LE(8), 0x27d1af1e);
  t.strictSame(fromPeer(frame), { kind: 'not-yet', run: 'ab', from: 'w' });
  t.end();
});

t.test('Every frame with one bit of prefix or header turned over is refused', (t) => {
  for (const [kind, messages] of Object.entries(FROM_PEER)) {
    const frame = encodeFrame(messages[0]!);
    const bits = 8 * (12 + frame.readUInt32LE(4));
    const accepted = [];
    for (let bit = 0; bit < bits; bit++) {
      frame[bit >> 3]! ^= 1 << (bit & 7);
      if (refusalOf(frame) === 'accepted') accepted.push(bit);
      frame[bit >> 3]! ^= 1 << (bit & 7);
    }
    t.strictSame(accepted, [], `${kind}: all ${bits} bits`);
    t.equal(refusalOf(frame), 'accepted', 'and as it was, it is taken');
  }
  t.end();
});

t.test('A frame that was cut, or that goes on, is refused', (t) => {
  const frame = encodeFrame(notYet);
  for (let length = 0; length < frame.length; length++) {
    t.not(refusalOf(frame.subarray(0, length)), 'accepted', `${length} bytes`);
  }
  t.match(refusalOf(Buffer.concat([frame, Buffer.of(0)])), /a not-yet carries no bytes/);
  const greeting = { kind: 'greeting', run: 'ab', from: 'v', to: 'w' };
  t.match(refusalOf(rawFrame(packr.pack(greeting), Buffer.of(1))), /a greeting carries no bytes/);
  t.end();
});

t.test('Another version is refused, and both are named', (t) => {
  for (const version of [0, 2, 255]) {
    const frame = rawFrame(packr.pack(notYet), undefined, { version });
    t.match(refusalOf(frame), new RegExp(`of version ${version}, this is version 1\\.`));
  }
  t.end();
});

t.test('Headers and bytes have a most', (t) => {
  const frame = encodeFrame(piece);
  const header = frame.subarray(12, 12 + frame.readUInt32LE(4));
  const most = new Uint8Array(MAX_PAYLOAD_BYTES);
  t.equal(refusalOf(rawFrame(header, most)), 'accepted');
  const over = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
  t.match(refusalOf(rawFrame(header, over)), /it carries 1048577 bytes; 1048576 are allowed/);

  const long = Buffer.alloc(MAX_HEADER_BYTES + 1, 0xc0);
  t.match(refusalOf(rawFrame(long)), /should have 4194305 bytes; 4194305 are left/);
  t.match(refusalOf(rawFrame(long.subarray(1))), /its header is not one: 4194303 bytes follow/);
  for (const length of [header.length + 1, 0x7fffffff, 0xffffffff]) {
    const reason = `should have ${length} bytes; ${header.length} are left`;
    t.match(refusalOf(rawFrame(header, undefined, { length })), reason);
  }
  t.end();
});

t.test('What no peer would accept does not leave', (t) => {
  const error = { code: 'LOCKSTEP_INTERNAL', message: /fits no frame/ };
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
  t.throws(() => encodeFrame({ ...piece, payload }), error);
  const model = { a: 'x'.repeat(MAX_HEADER_BYTES) };
  t.throws(() => encodeFrame({ ...FROM_COORDINATOR.welcome[0]!, model }), error);
  t.end();
});

t.test('The bytes are a view of the frame, where they stand in it', (t) => {
  const around = Buffer.concat([Buffer.alloc(5, 9), encodeFrame(piece), Buffer.alloc(3, 9)]);
  const frame = around.subarray(5, -3);
  const { payload } = fromPeer(frame) as { payload: Uint8Array };
  t.equal(payload.buffer, around.buffer);
  t.strictSame([...payload], [...(piece.payload as Uint8Array)]);
  t.end();
});

t.test('A frame does not share memory with the message', (t) => {
  const payload = Uint8Array.of(1, 2, 3, 4);
  const frame = encodeFrame({ ...piece, payload });
  payload.fill(0);
  t.strictSame([...frame.subarray(-4)], [1, 2, 3, 4]);
  const [first, second] = [encodeFrame(notYet), encodeFrame(piece)];
  t.strictSame(fromPeer(first), notYet, 'nor with the frame after it');
  t.equal((fromPeer(second) as { kind: string }).kind, 'piece');
  t.end();
});

t.test('Names that objects have by birth do no harm', (t) => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto_'];
  const welcome = FROM_COORDINATOR.welcome[0]!;
  for (const name of names) {
    const evil = JSON.parse(`{"${name}":{"polluted":"yes","toString":1}}`) as object;
    const text = JSON.parse(`{"${name}":"yes"}`) as Record<string, string>;
    const found = decodeFrame(
      encodeFrame({ ...welcome, config: evil, model: evil, identity: text } as typeof welcome),
      fromCoordinatorSchema,
    ) as typeof welcome;
    for (const value of [found.config, found.model, found.identity]) {
      t.equal(Object.getPrototypeOf(value), Object.prototype, `${name} is no prototype`);
      t.ok(Object.keys(value as object).every((key) => key === name || key === '__proto_'));
    }
    t.not(({} as { polluted?: string }).polluted, 'yes');
    const header = packr.pack(new Map(Object.entries({ ...notYet, [name]: evil })));
    t.match(refusalOf(rawFrame(header)), 'Unrecognized key', `${name} as a field`);
    const kind = packr.pack(new Map(Object.entries({ ...notYet, kind: name })));
    t.match(refusalOf(rawFrame(kind)), 'at kind', `${name} as a kind`);
  }
  t.end();
});

t.test('What is no map, or has no kind, is refused', (t) => {
  for (const value of [null, true, 1, 'piece', [], [1], {}, { kind: null }, { kind: 'piece' }]) {
    t.not(refusalOf(rawFrame(packr.pack(value))), 'accepted', JSON.stringify(value));
  }
  t.end();
});

t.test('A refusal is short, and printable whatever the frame held', (t) => {
  const header = packr.pack({ ...notYet, ['\u001b[2J\n\u009b31m\u202e' + 'x'.repeat(5000)]: 1 });
  const message = refusalOf(rawFrame(header));
  t.match(message, /^A frame was refused: [ -~]+\.$/);
  t.ok(message.length < 600, `${message.length} characters`);
  t.end();
});

t.test('A large frame full of faults costs neither memory nor time', (t) => {
  const shares = Array.from({ length: 1000 }, () => 1);
  const duties = Array.from({ length: 1000 }, (_, step) => ({ step, shares }));
  const frame = rawFrame(packr.pack({ ...FROM_COORDINATOR.orders[0]!, duties, failure: null }));
  const before = process.memoryUsage().rss;
  t.throws(() => decodeFrame(frame, fromCoordinatorSchema), { code: 'WIRE_INVALID' });
  const megabytes = (process.memoryUsage().rss - before) / 1e6;
  t.ok(megabytes < 150, `${Math.round(megabytes)} MB for a million faults`);
  t.end();
});
