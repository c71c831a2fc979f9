import t from 'tap';
import {
  packState,
  stateSegment,
  stateSegments,
  unpackState,
} from '#src/shared/protocol/state-bytes.js';
import { testRandom } from '../../support/random.js';

const random = testRandom('state bytes');
const state = new Map([
  ['weights', Uint8Array.of(1, 2, 3, 4)],
  ['', new Uint8Array(0)],
  ['__proto__', Uint8Array.of(9)],
  ['m/ü', Uint8Array.of(5, 6)],
]);
const entries = (some: ReadonlyMap<string, Uint8Array>) => [...some].map(([k, v]) => [k, [...v]]);
const malformed = { code: 'TRAINER_STATE_MISMATCH' };

function withTable(table: string, ...rest: number[]): Buffer {
  const text = Buffer.from(table);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, Buffer.from(rest)]);
}

t.test('A state comes back as it was, in memory of its own', (t) => {
  const packed = packState(state);
  const around = Buffer.concat([Buffer.alloc(3), packed]).subarray(3);
  const found = unpackState(around);
  t.strictSame(entries(found), entries(state));
  around.fill(0);
  t.strictSame(entries(found), entries(state));
  t.end();
});

t.test('Cut in segments it is whole again, whatever its length', (t) => {
  const most = 1 << 20;
  for (const length of [0, 1, most - 1, most, most + 1, 3 * most + random.below(most)]) {
    const bytes = Uint8Array.from({ length: Math.min(length, 64) }, () => random.below(256));
    const whole = new Uint8Array(length).map((_, i) => bytes[i % 61]!);
    const segments = stateSegments(whole);
    t.equal(segments, Math.max(1, Math.ceil(length / most)));
    const parts = Array.from({ length: segments }, (_, i) => stateSegment(whole, i));
    t.ok(parts.every((part) => part.length <= most));
    t.equal(Buffer.compare(Buffer.concat(parts), whole), 0, `${length} bytes`);
  }
  t.end();
});

t.test('A state that was cut, or that goes on, is none', (t) => {
  const packed = packState(state);
  for (let length = 0; length < packed.length; length++) {
    t.throws(() => unpackState(packed.subarray(0, length)), malformed, `${length} bytes`);
  }
  t.throws(() => unpackState(Buffer.concat([packed, Buffer.of(0)])), malformed);
  t.end();
});

t.test('A table that is none, or that lies, is refused', (t) => {
  const tables = [
    ...['', 'x', '{}', 'null', '1', '"w"', '[1]', '[null]', '[["w"]]', '[[1,1]]', '[["w","1"]]'],
    ...['[["w",-1]]', '[["w",1.5]]', '[["w",2]]', '[["w",1e300]]', '[["w",9007199254740991]]'],
    ...['[["w",0],["v",2]]', '[["w",1],["w",0]]', '[["w",1,2]]', '[["w",0],["w",1]]'],
  ];
  for (const table of tables) t.throws(() => unpackState(withTable(table, 7)), malformed, table);
  t.strictSame(entries(unpackState(withTable('[["w",1]]', 7))), [['w', [7]]]);
  t.throws(() => unpackState(Buffer.from('ffffffff5b5d', 'hex')), malformed, 'a table of 4 GiB');
  t.end();
});

t.test('Damage anywhere gives a state or the refusal, nothing else', (t) => {
  const packed = Buffer.from(packState(state));
  for (let round = 0; round < 3000; round++) {
    const damaged = Buffer.from(packed);
    for (let i = 0; i <= random.below(3); i++) {
      damaged[random.below(damaged.length)] = random.below(256);
    }
    try {
      unpackState(damaged);
    } catch (error) {
      if ((error as { code?: string }).code !== malformed.code) t.fail(String(error));
    }
  }
  t.pass('3000 of them');
  t.end();
});
