import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli-process.js';

// One real installation: pip, a compiler, TensorFlow. Cases of absence stand in absence.test.ts.
const cache = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: cache };
const root = join(cache, 'tensorflow');
const partsOf = (kind: string) => readdirSync(root).filter((name) => name.startsWith(kind));
const install = (more: NodeJS.ProcessEnv = {}) =>
  cli(['engine', 'install', 'tensorflow'], { env: { ...env, ...more } });

t.setTimeout(900_000); // TensorFlow is large, and a machine may be busy.

void t.test('the engine is fetched, compiled and tested, and then there', async (t) => {
  const { status, stdout, stderr } = await install();
  t.equal(status, 0, stderr);
  t.match(stdout, /^TensorFlow 2\.21\.0 is installed in .*, on CPU\.\n$/);
  for (const stage of ['Fetching tensorflow-cpu', 'Unpacking', 'Compiling', 'Testing it']) {
    t.match(stderr, stage);
  }
  t.same(readdirSync(root).length, 2, 'nothing but library and binding stays');
  const record = join(root, partsOf('binding-')[0]!, 'install.json');
  t.match(JSON.parse(readFileSync(record, 'utf8')), { tensorflow: '2.21.0', devices: ['CPU'] });
});

void t.test('a second installation has nothing to do', async (t) => {
  const { status, stderr, seconds } = await install();
  t.match({ status, stderr }, { status: 0, stderr: '' });
  t.ok(seconds < 10, `${seconds} s`);
});

void t.test('an installation that was cut off goes on where it was', async (t) => {
  rmSync(join(root, partsOf('binding-')[0]!), { recursive: true });
  const { status, stderr } = await install();
  t.equal(status, 0, stderr);
  t.notMatch(stderr, /Fetching|Unpacking/);
  t.match(stderr, 'Compiling');
});

void t.test('engine list tells versions and devices', async (t) => {
  const { stdout } = await cli(['engine', 'list', '--json'], { env });
  const { detail } = (JSON.parse(stdout) as { name: string; detail: string }[]).find(
    ({ name }) => name === 'tensorflow',
  )!;
  t.match(detail, /TensorFlow 2\.21\.0 with the binding of tfjs-node 4\.22\.0, on CPU/);
});

void t.test('a binding that does not compute is not put in place', async (t) => {
  const folder = t.testdir();
  // A compiler that loses the line that copies the tensor.
  const CXX = join(folder, 'compiler');
  const lose = '[ "$1" = --version ] || sed -i \'/memcpy(array_data,/d\' tfjs_backend.cc';
  writeFileSync(CXX, `#!/bin/sh\n${lose}\nexec g++ "$@"\n`, { mode: 0o755 });
  rmSync(join(root, partsOf('binding-')[0]!), { recursive: true });
  const { status, stderr } = await install({ CXX });
  t.equal(status, 1);
  t.match(stderr, 'ENGINE_INSTALL_SELF_TEST');
  t.same(partsOf('binding-'), []);
});

void t.test('a binding that cannot be linked is not put in place, and the log kept', async (t) => {
  const library = join(root, partsOf('library-')[0]!);
  const file = join(library, 'lib', 'libtensorflow_cc.so.2');
  renameSync(file, `${file}.away`);
  const { status, stderr } = await install();
  t.equal(status, 1);
  t.match(stderr, 'ENGINE_INSTALL_COMPILE');
  t.match(partsOf('binding-'), [/\.log$/]);
  t.equal(partsOf('binding-').length, 1);
  renameSync(`${file}.away`, file);
});
