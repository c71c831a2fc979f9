import { Packr } from 'msgpackr';
import t from 'tap';
import { msgpackFault } from '#src/shared/wire/msgpack-shape.js';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

t.test('What a header may hold is let through', (t) => {
  const list = Array.from({ length: 70_000 }, (_, i) => i);
  const values: readonly unknown[] = [
    null,
    true,
    false,
    ...[0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -1, -32, -33],
    ...[-128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 0.5, NaN, Infinity, -0],
    ...[0n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)],
    ...['', 'x', 'ü☹😀', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(256), 'x'.repeat(70_000)],
    ...[[], [1, [2, [3]]], list.slice(0, 15), list.slice(0, 16), list],
    ...[{}, { a: { b: null } }, Object.fromEntries(list.map((i) => [`k${i}`, i]))],
  ];
  for (const value of values) {
    t.equal(msgpackFault(packr.pack(value)), null, `${typeof value} ${String(value).slice(0, 20)}`);
  }
  t.end();
});

t.test('A value that is cut anywhere is refused', (t) => {
  const whole = packr.pack({ a: [1, 'text', 2.5, 2n ** 60n, null], bb: { c: 'x'.repeat(40) } });
  t.equal(msgpackFault(whole), null);
  for (let length = 0; length < whole.length; length++) {
    t.match(msgpackFault(whole.subarray(0, length)), /where \d+ bytes are left/, `${length} bytes`);
  }
  t.end();
});

t.test('Lengths that the bytes do not bear out are refused before anything is made', (t) => {
  const oversized: Readonly<Record<string, Uint8Array>> = {
    'text of 31': bytes(0xbf, 0x61),
    'text of 255': bytes(0xd9, 0xff, 0x61),
    'text of 65535': bytes(0xda, 0xff, 0xff, 0x61),
    'text of 4 GiB': bytes(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
    'list of 15': bytes(0x9f, 0xc0),
    'list of 65535': bytes(0xdc, 0xff, 0xff, 0xc0),
    'list of 4 Gi': bytes(0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0),
    'map of 15': bytes(0x8f, 0xa0, 0xc0),
    'map of 65535': bytes(0xde, 0xff, 0xff, 0xa0, 0xc0),
    'map of 4 Gi': bytes(0xdf, 0xff, 0xff, 0xff, 0xff, 0xa0, 0xc0),
    'map of 2 with bytes for a list of 2': bytes(0x82, 0xa0, 0xc0),
  };
  for (const [name, value] of Object.entries(oversized)) {
    t.match(msgpackFault(value), /a length of \d+ where \d+ bytes are left/, name);
  }
  t.end();
});

t.test('Levels are counted, in lists, maps and both', (t) => {
  const deep = (levels: number, ...open: number[]): Uint8Array =>
    Uint8Array.from([...Array.from({ length: levels }, () => open).flat(), 0xc0]);
  for (const open of [[0x91], [0x81, 0xa0], [0x91, 0x81, 0xa0]]) {
    const each = open.length === 3 ? 2 : 1;
    t.equal(msgpackFault(deep(32 / each, ...open)), null);
    t.match(msgpackFault(deep(34 / each, ...open)), /more than 32 levels deep/);
    t.match(msgpackFault(deep(1_000_000, ...open)), /more than 32 levels deep/);
  }
  t.end();
});

t.test('A million values are let through, and not two', (t) => {
  const list = (length: number): Uint8Array => {
    const packed = Buffer.alloc(5 + length, 0x80);
    packed.writeUInt8(0xdd, 0);
    packed.writeUInt32BE(length, 1);
    return packed;
  };
  t.equal(msgpackFault(list((1 << 20) - 1)), null);
  t.match(msgpackFault(list(1 << 20)), /more than 1048576 values/);
  t.end();
});

t.test('Binaries, extensions and the type that does not exist are refused', (t) => {
  const others = [0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8];
  for (const type of others) {
    const fault = `type 0x${type.toString(16)} is not of our headers`;
    t.equal(msgpackFault(bytes(type, ...new Uint8Array(40))), fault);
    t.equal(msgpackFault(bytes(0x81, 0xa0, type, ...new Uint8Array(40))), fault, 'as a value');
  }
  for (const value of [Buffer.of(1), new Date(), undefined]) {
    t.match(msgpackFault(packr.pack(value)), /is not of our headers/, String(value));
  }
  t.end();
});

t.test('Keys are text', (t) => {
  const keys = { number: 1, nil: 0xc0, true: 0xc3, list: 0x90, map: 0x80, negative: 0xff };
  for (const [name, key] of Object.entries(keys)) {
    t.equal(msgpackFault(bytes(0x81, key, 0xc0)), 'a key is not text', name);
  }
  t.equal(msgpackFault(bytes(0x81, 0xc4, 1, 0x61, 0xc0)), 'a key is not text', 'binary');
  t.equal(msgpackFault(bytes(0x81, 0xd9, 1, 0x61, 0xc0)), null, 'text with a length of one byte');
  t.equal(msgpackFault(packr.pack(new Map([[1, 2]]))), 'a key is not text', 'as msgpackr packs it');
  t.end();
});

t.test('One value, and nothing behind it', (t) => {
  t.match(msgpackFault(bytes()), /bytes are left/);
  t.equal(msgpackFault(bytes(0xc0, 0xc0)), '1 bytes follow the value');
  t.equal(msgpackFault(bytes(0x80, 1, 2, 3)), '3 bytes follow the value');
  t.end();
});

t.test('Only the bytes that it was given are read, not those around them', (t) => {
  const around = bytes(0xa3, 0x61, 0x62, 0x63, 0x64);
  t.match(msgpackFault(around.subarray(0, 3)), /a length of 3 where 2 bytes are left/);
  t.equal(msgpackFault(around.subarray(1, 2)), null);
  t.end();
});
