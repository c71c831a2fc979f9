import t from 'tap';
import { philox4x32 } from '#src/shared/numerics/philox.js';
import { testRandom } from '../../support/random.js';

type Words = readonly [number, number, number, number];

function block([c0, c1, c2, c3]: Words, k0: number, k1: number): string {
  const out = new Uint32Array(4);
  philox4x32(c0, c1, c2, c3, k0, k1, out);
  return Array.from(out, (word) => word.toString(16).padStart(8, '0')).join(' ');
}

t.test('philox4x32 gives the known answers that Random123 publishes for 10 rounds', async (t) => {
  const ones = 0xffffffff;
  t.equal(block([0, 0, 0, 0], 0, 0), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  t.equal(block([ones, ones, ones, ones], ones, ones), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  t.equal(
    block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], 0xa4093822, 0x299f31d0),
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

t.test('philox4x32 agrees with the definition in 64-bit integers', async (t) => {
  const { below } = testRandom('philox4x32');
  for (let round = 0; round < 200; round++) {
    const w = Array.from({ length: 6 }, () => below(4294967296));
    const counter: Words = [w[0]!, w[1]!, w[2]!, w[3]!];
    t.equal(block(counter, w[4]!, w[5]!), slowBlock(counter, w[4]!, w[5]!));
  }
});

t.test('philox4x32 writes where it is told and nowhere else', async (t) => {
  const out = new Uint32Array(8).fill(7);
  philox4x32(0, 0, 0, 0, 0, 0, out, 2);
  t.same([...out], [7, 7, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 7, 7]);
});

function slowBlock(counter: Words, key0: number, key1: number): string {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let k0 = BigInt(key0);
  let k1 = BigInt(key1);
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map((word) => word.toString(16).padStart(8, '0')).join(' ');
}
