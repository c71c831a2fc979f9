import t from 'tap';
import { KernelHarness, randomValues } from '../../../support/kernel-harness.js';

const [HEIGHT, WIDTH, BATCH] = [3, 4, 2];

/** Which pixels of the smaller axis one of the larger is read from, and their shares. */
function readFrom(p: number, factor: number, length: number, bilinear: boolean) {
  const first = Math.floor(p / factor);
  const share = bilinear ? (p % factor) / factor : 0;
  return [
    [first, 1 - share],
    [Math.min(first + 1, length - 1), share],
  ] as const;
}

for (const bilinear of [false, true]) {
  for (const [factorY, factorX] of [
    [2, 3],
    [4, 1],
    [1, 5],
  ] as const) {
    // prettier-ignore
    const how = bilinear ? 'along lines' : 'pixel by pixel';
    t.test(`maps enlarged ${factorY} × ${factorX} times ${how}, and back`, async (t) => {
      const harness = await KernelHarness.create('plain', 1);
      const small = BATCH * HEIGHT * WIDTH * 4;
      const large = small * factorY * factorX;
      const [x, dy] = [randomValues(1, small), randomValues(2, large)];
      const place = (values: Float32Array): number => {
        const address = harness.allocate(values.byteLength);
        harness.floats(address, values.length).set(values);
        return address;
      };
      const at = {
        ...{ x: place(x), dy: place(dy) },
        ...{ y: harness.allocate(large * 4), dx: harness.allocate(small * 4) },
      };
      const sizes = [BATCH, 1, HEIGHT, WIDTH, factorY, factorX, bilinear ? 1 : 0] as const;
      harness.kernel('upSample')(at.y, at.x, ...sizes);
      harness.kernel('upSampleBackward')(at.dx, at.dy, ...sizes);
      const y = new Float64Array(large);
      const dx = new Float64Array(small);
      let i = 0;
      for (let b = 0; b < BATCH; b++) {
        for (let row = 0; row < HEIGHT * factorY; row++) {
          for (let column = 0; column < WIDTH * factorX; column++) {
            for (let lane = 0; lane < 4; lane++, i++) {
              for (const [r, down] of readFrom(row, factorY, HEIGHT, bilinear)) {
                for (const [c, along] of readFrom(column, factorX, WIDTH, bilinear)) {
                  const from = ((b * HEIGHT + r) * WIDTH + c) * 4 + lane;
                  y[i]! += down * along * x[from]!;
                  dx[from]! += down * along * dy[i]!;
                }
              }
            }
          }
        }
      }
      const furthest = (got: Float32Array, expected: Float64Array): number =>
        Math.max(...got.map((value, j) => Math.abs(value - expected[j]!)));
      t.ok(furthest(harness.floats(at.y, large), y) < 1e-6);
      t.ok(furthest(harness.floats(at.dx, small), dx) < 3e-6);
      if (!bilinear) t.same(harness.floats(at.y, 4).slice(), x.slice(0, 4));
    });
  }
}
