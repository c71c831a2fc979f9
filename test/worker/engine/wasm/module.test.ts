import t from 'tap';
import {
  instantiateKernels,
  loadKernels,
  supportsRelaxedSimd,
} from '#src/worker/engine/wasm/module.js';

t.test('the modules import one shared memory and export functions only', async (t) => {
  const builds = (await supportsRelaxedSimd())
    ? (['plain', 'relaxed'] as const)
    : (['plain'] as const);
  for (const build of builds) {
    const { module, sha256 } = await loadKernels(build);
    t.strictSame(WebAssembly.Module.imports(module), [
      { module: 'env', name: 'memory', kind: 'memory' },
    ]);
    const kinds = WebAssembly.Module.exports(module).map(({ kind }) => kind);
    t.ok(kinds.length > 0 && kinds.every((kind) => kind === 'function'));
    t.match(sha256, /^[0-9a-f]{64}$/);
  }
});

t.test('the builds differ, and each has one digest', async (t) => {
  const plain = await loadKernels('plain');
  t.equal(plain.sha256, (await loadKernels('plain')).sha256);
  if (await supportsRelaxedSimd()) t.not(plain.sha256, (await loadKernels('relaxed')).sha256);
});

t.test('two instances on one memory keep no state of their own', async (t) => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const { module } = await loadKernels('plain');
  const instances = [instantiateKernels(module, memory), instantiateKernels(module, memory)];
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4], 256);
  floats.set([10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 512);
  const results = instances.map((kernels) => {
    kernels['gemmRows']!(1024, 16, 16, 2048, 64, 4096, 16, 16, 1, 4, 4, 0, 0);
    return floats[1024];
  });
  t.strictSame(results, [12, 12], '1·10 + 2·1');
  t.ok(
    floats.subarray(0, 256).every((value) => value === 0),
    'nothing below the first kibibyte',
  );
});

t.test('the plain kernels need no relaxed SIMD: the bits are those of IEEE 754', async (t) => {
  const { readFile } = await import('node:fs/promises');
  const file = new URL('./kernels.wasm', import.meta.resolve('#src/worker/engine/wasm/module.js'));
  const bytes = await readFile(file);
  // Opcodes 0x100 … 0x113 behind the SIMD prefix; a constant may look alike, code may not.
  const text = bytes.toString('latin1');
  const madd = '\\xfd\\x85\\x02';
  t.notOk(text.includes(madd), 'no f32x4.relaxed_madd');
});
