import t from 'tap';
import {
  dropoutMask,
  dropoutScale,
  dropoutThreshold,
  type DropoutDraw,
} from '#src/shared/numerics/dropout-mask.js';
import { philox4x32 } from '#src/shared/numerics/philox.js';

const DRAW: DropoutDraw = { rate: 0.25, spatial: false, ordinal: 2, seed: 2 ** 33 + 5, step: 9 };
const SAMPLE = 41;

/** The 16 bits of element e, straight from the definition in streams.ts. */
function bitsOf(element: number): number {
  const words = new Uint32Array(4);
  philox4x32(Math.floor(element / 8), SAMPLE, 9, 3 * 2 ** 24 + 2, 5, 2, words);
  const word = words[Math.floor((element % 8) / 2)]!;
  return element % 2 === 0 ? word % 65536 : Math.floor(word / 65536);
}

function mask(
  pixels: number,
  channels: number,
  change: Partial<DropoutDraw> = {},
  sample = SAMPLE,
) {
  const out = new Float32Array(pixels * channels);
  dropoutMask(out, pixels, channels, sample, { ...DRAW, ...change });
  return out;
}

t.test(
  'an element is dropped when its bits in blocked order are below the threshold',
  async (t) => {
    const pixels = 7;
    const channels = 6;
    const out = mask(pixels, channels);
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        const e = (Math.floor(c / 4) * pixels + p) * 4 + (c % 4);
        t.equal(out[p * channels + c], bitsOf(e) < 16384 ? 0 : Math.fround(4 / 3), `${p} ${c}`);
      }
    }
  },
);

t.test('spatial dropout decides once for a channel', async (t) => {
  const out = mask(3, 10, { spatial: true });
  for (let c = 0; c < 10; c++) {
    const expected = bitsOf(c) < 16384 ? 0 : Math.fround(4 / 3);
    t.same([out[c], out[10 + c], out[20 + c]], [expected, expected, expected]);
  }
});

t.test('step, sample, layer and seed give other masks', async (t) => {
  const base = mask(1, 512);
  t.same(base, mask(1, 512));
  t.notSame(base, mask(1, 512, { step: 10 }));
  t.notSame(base, mask(1, 512, { ordinal: 3 }));
  t.notSame(base, mask(1, 512, { seed: 5 }));
  t.notSame(base, mask(1, 512, {}, 42));
});

t.test('the mean factor is one: what is kept makes up for what is dropped', async (t) => {
  const rate = 0.1;
  const out = mask(1, 65536, { rate });
  const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
  t.ok(Math.abs(mean - 1) < 0.01, `mean ${mean}`);
  t.equal(dropoutThreshold(rate), 6554);
  t.equal(dropoutScale(rate), Math.fround(65536 / (65536 - 6554)));
});
