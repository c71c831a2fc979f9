import t from 'tap';
import { drawMasks, siteLength } from '#src/worker/engine/drop-masks.js';
import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';

const arena = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
const kernels = instantiateKernels((await loadKernels('plain')).module, arena);
const words = new Uint32Array(arena.buffer, 64, 16);
const byKernel = (...key: number[]) => {
  kernels['philoxFourBlocks']!(64, ...key);
  return words;
};

void t.test('masks that a kernel draws are those that JavaScript draws', (t) => {
  const batch = {
    ...{ step: 7, index: 0, count: 1, size: 3 },
    ...{ pixels: new Uint8Array(), labels: new Uint16Array(3) },
    samples: Uint32Array.of(5, 0, 59_999),
  };
  for (const shape of [[256], [10], [7, 7, 5], [7, 7, 64], [3, 13]]) {
    for (const spatial of [false, true]) {
      const site = { shape, spatial, ordinal: 2, rate: 0.3 };
      const [plain, fast] = [7, 9].map((fill) =>
        new Float32Array(3 * siteLength(shape)).fill(fill),
      ) as [Float32Array, Float32Array];
      drawMasks(plain, site, batch, 2 ** 40 + 3);
      drawMasks(fast, site, batch, 2 ** 40 + 3, byKernel);
      t.same(fast, plain, `[${shape}]${spatial ? ', whole channels' : ''}`);
      t.ok(new Set(plain).size === 2, 'some are dropped, some are kept');
    }
  }
  t.end();
});
