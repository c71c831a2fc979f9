import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { startProcess } from '../support/cli-process.js';
import { tensorflowForTests } from './install.js';

// What TensorFlow does to the float arithmetic of a thread must not reach the exact kernels.
t.setTimeout(300_000);
const { binding } = await tensorflowForTests();
const PROGRAM = fileURLToPath(new URL('./after-tensorflow.js', import.meta.url));

interface Digests {
  readonly before: { readonly denormals: number; readonly digest: string };
  readonly after: { readonly digest: string };
}

async function digests(t: Test, env: NodeJS.ProcessEnv): Promise<Digests> {
  const ended = await startProcess(process.execPath, [PROGRAM], { env: { ...process.env, ...env } })
    .ended;
  t.equal(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout) as Digests;
}

void t.test('the row of wasm is the same after TensorFlow has run in the thread', async (t) => {
  const { before, after } = await digests(t, {});
  t.ok(before.denormals > 10, 'denormals are in it');
  t.equal(after.digest, before.digest);
});

/** A library that leaves behind what TensorFlow puts back: flush-to-zero, and rounding downwards. */
const UNTIDY = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <xmmintrin.h>
typedef void *P;
static P real(const char *name) {
  P library = dlopen("libtensorflow_cc.so.2", RTLD_NOLOAD | RTLD_LAZY);
  return dlsym(library, name);
}
static void leave(const char *what) {
  static int told;
  if (getenv("UNTIDY_TELLS") && !told++) fprintf(stderr, "untidy: %s\\n", what);
  _mm_setcsr(_mm_getcsr() | 0xA040);
}
P TFE_NewContext(P a, P b) {
  P made = ((P(*)(P, P))real("TFE_NewContext"))(a, b);
  leave("context");
  return made;
}
void TFE_Execute(P a, P b, P c, P d) {
  ((void (*)(P, P, P, P))real("TFE_Execute"))(a, b, c, d);
  leave("operation");
}
P TF_LoadSessionFromSavedModel(P a, P b, P c, P d, int e, P f, P g, P h) {
  P made = ((P(*)(P, P, P, P, int, P, P, P))real("TF_LoadSessionFromSavedModel"))(a, b, c, d, e, f, g, h);
  leave("graph");
  return made;
}
void TF_SessionRun(P a, P b, P c, P d, int e, P f, P g, int h, P i, int j, P k, P l) {
  ((void (*)(P, P, P, P, int, P, P, int, P, int, P, P))real("TF_SessionRun"))(a, b, c, d, e, f, g, h, i, j, k, l);
  leave("step");
}
`;

void t.test('nor would it matter if TensorFlow left its arithmetic behind', async (t) => {
  const folder = t.testdir();
  const [source, library] = [join(folder, 'untidy.c'), join(folder, 'untidy.so')];
  writeFileSync(source, UNTIDY);
  execFileSync('cc', ['-O2', '-fPIC', '-shared', '-o', library, source, '-ldl']);
  const { before, after } = await digests(t, { LD_PRELOAD: library });
  t.equal(after.digest, before.digest);
  const told = await startProcess(process.execPath, [PROGRAM], {
    env: { ...process.env, LD_PRELOAD: library, UNTIDY_TELLS: '1' },
  }).ended;
  t.match(told.stderr, 'untidy: context', 'the library was in between');
});

void t.test('TensorFlow flushes denormals while it runs an operation at once', (t) => {
  // What makes the guard worth having. If this fails, TensorFlow has become exact.
  const type = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
  const [small, one] = [1e-39, 1].map((value) =>
    binding.createTensor([4], binding.TF_FLOAT, new Float32Array(4).fill(value)),
  ) as [number, number];
  const [product] = binding.executeOp('Mul', type, [small, one], 1);
  t.same([...(binding.tensorDataSync(product!.id) as Float32Array)], [0, 0, 0, 0]);
  t.not(Math.fround(1e-39) * 1, 0, 'and leaves this thread as it was');
  for (const id of [small, one, product!.id]) binding.deleteTensor(id);
  t.end();
});
