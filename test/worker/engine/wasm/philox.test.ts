import t from 'tap';
import { philox4x32 } from '#src/shared/numerics/philox.js';
import { KernelHarness } from '../../../support/kernel-harness.js';

// Known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
const KNOWN = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

t.test('philoxFourBlocks gives the published words, and the three blocks after', async (t) => {
  const harness = await KernelHarness.create('plain', 1);
  const to = harness.allocate(64);
  for (const { counter, key, words } of KNOWN) {
    harness.kernel('philoxFourBlocks')(to, ...counter, ...key);
    const got = new Uint32Array(harness.memory.buffer, to, 16);
    t.same([...got.slice(0, 4)], [...words]);
    const expected = new Uint32Array(16);
    const [c0, c1, c2, c3] = counter;
    for (let j = 0; j < 4; j++) philox4x32(c0 + j, c1, c2, c3, key[0], key[1], expected, j * 4);
    t.same([...got], [...expected]);
  }
});
