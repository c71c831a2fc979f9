// Compiles the training kernels (src/worker/engine/wasm/assembly) into two WebAssembly modules:
//
//   dist/worker/engine/wasm/kernels.wasm           plain SIMD: the same bits on every machine
//   dist/worker/engine/wasm/kernels-relaxed.wasm   relaxed SIMD: multiply-add may be fused
//
//   node scripts/build-kernels.mjs           build where the sources changed
//   node scripts/build-kernels.mjs --check   and fail where a file is not the pinned one
//   node scripts/build-kernels.mjs --pin     and pin the files as they are now
//
// Results of training belong to the module's bytes, so their SHA-256 is committed.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = join(root, 'src/worker/engine/wasm/assembly');
const output = join(root, 'dist/worker/engine/wasm');
const pinFile = join(root, 'src/worker/engine/wasm/kernels.sha256.json');
const stampFile = join(output, 'kernels.stamp.json');
const requireHere = createRequire(import.meta.url);
const run = promisify(execFile);

const BUILDS = [
  { file: 'kernels.wasm', features: [] },
  { file: 'kernels-relaxed.wasm', features: ['relaxed-simd'] },
];

// The memory is made by the host and shared by all threads: at most 65536 pages (4 GiB), no data
// segment, no heap, nothing below 1024 that address arithmetic could be folded into.
const ASC_FLAGS = [
  '-O3', '--noAssert', '--runtime', 'stub', '--uncheckedBehavior', 'always',
  '--importMemory', '--noExportMemory', '--sharedMemory', '--initialMemory', '1',
  '--maximumMemory', '65536', '--zeroFilledMemory', '--memoryBase', '1024',
]; // prettier-ignore
// asc neither hoists loop invariants nor folds constant offsets into loads; Binaryen does. Large
// functions stay by themselves: in one that holds all forms of a transform V8 spills its registers.
const OPT_FLAGS = [
  '--one-caller-inline-max-function-size',
  '40',
  '-O4',
  '--licm',
  '--optimize-added-constants-propagate',
  '--low-memory-unused',
  '-O4',
];
const FEATURES = ['--enable-threads', '--enable-simd', '--enable-bulk-memory', '--enable-mutable-globals', '--enable-sign-ext', '--enable-nontrapping-float-to-int']; // prettier-ignore

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Of everything that decides the bytes: sources, this script, versions of the compilers. */
function inputDigest() {
  const hash = createHash('sha256');
  const files = readdirSync(sources)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  for (const name of files) hash.update(name).update(readFileSync(join(sources, name)));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const tool of ['assemblyscript', 'binaryen']) {
    hash.update(readFileSync(join(root, 'node_modules', tool, 'package.json')));
  }
  return hash.digest('hex');
}

function binOf(tool, name) {
  const manifest = join(root, 'node_modules', tool, 'package.json');
  return join(dirname(manifest), requireHere(manifest).bin[name]);
}

async function build({ file, features }) {
  const raw = join(output, `${file}.raw-${process.pid}`);
  const final = join(output, `${file}.new-${process.pid}`);
  const enabled = ['threads', 'simd', 'bulk-memory', ...features];
  try {
    await run(process.execPath, [
      binOf('assemblyscript', 'asc'), join(sources, 'index.ts'), '-o', raw, ...ASC_FLAGS,
      ...enabled.flatMap((feature) => ['--enable', feature]),
    ]); // prettier-ignore
    await run(process.execPath, [
      binOf('binaryen', 'wasm-opt'), raw, '-o', final, ...OPT_FLAGS, ...FEATURES,
      ...features.map((feature) => `--enable-${feature}`),
    ]); // prettier-ignore
    refuseStatics(readFileSync(final), file);
    renameSync(final, join(output, file));
  } finally {
    rmSync(raw, { force: true });
    rmSync(final, { force: true });
  }
}

/** A data segment or a mutable global would be one for all threads. */
function refuseStatics(bytes, file) {
  const names = { 6: 'a global', 8: 'a start function', 11: 'a data segment' };
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (names[id]) {
      throw new Error(`${file} has ${names[id]}; kernels must keep all state in their arguments.`);
    }
    at += size;
  }
}

function pinned() {
  return existsSync(pinFile) ? JSON.parse(readFileSync(pinFile, 'utf8')) : {};
}

async function main(flags) {
  mkdirSync(output, { recursive: true });
  const inputs = inputDigest();
  const files = BUILDS.map(({ file }) => join(output, file));
  const fresh =
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === inputs &&
    files.every((file) => existsSync(file));
  if (!fresh) {
    await Promise.all(BUILDS.map(build));
    writeFileSync(stampFile, inputs);
  }
  const made = Object.fromEntries(
    BUILDS.map(({ file }) => [file, sha256(readFileSync(join(output, file)))]),
  );
  if (flags.includes('--pin')) {
    writeFileSync(pinFile, `${JSON.stringify(made, null, 2)}\n`);
    return;
  }
  const expected = pinned();
  const wrong = Object.keys(made).filter((file) => made[file] !== expected[file]);
  if (wrong.length === 0) return;
  const message = wrong
    .map((file) => `${file}: built ${made[file]}, pinned ${expected[file] ?? 'nothing'}`)
    .join('\n');
  console.error(
    `WARNING: the kernels are not the pinned ones:\n${message}\n` +
      'If the change of the kernels is meant, run: node scripts/build-kernels.mjs --pin',
  );
  if (flags.includes('--check')) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.stderr || error.stdout || error.message);
  process.exitCode = 1;
});
