import { existsSync, mkdirSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { requireRoom } from '#src/worker/engine/tensorflow/install/place.js';
import { cli } from '../support/cli-process.js';
import { listingOf, withDriver } from '../support/fake-driver.js';

/** A PATH with these programs of the machine alone. */
function pathWith(folder: string, programs: readonly string[]): string {
  mkdirSync(folder);
  for (const name of programs) {
    const file = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(file, join(folder, name));
  }
  return folder;
}

const install = (env: NodeJS.ProcessEnv, ...flags: string[]) =>
  cli(['engine', 'install', 'tensorflow', ...flags], { env: { ...process.env, ...env } });

t.setTimeout(900_000); // TensorFlow is large, and a machine may be busy.

void t.test(
  'without Python and compiler, both are named with the commands that bring them',
  async (t) => {
    const PATH = pathWith(join(t.testdir(), 'bin'), []);
    const env = { PATH, LOCKSTEP_CACHE: t.testdir({ cache: {} }) };
    const { status, stderr } = await install(env);
    t.equal(status, 1);
    t.match(stderr, 'ENGINE_INSTALL_TOOL_MISSING');
    t.match(stderr, 'lacks Python 3 and a C++ compiler.');
    t.match(stderr, 'apt-get install python3 python3-pip');
    t.match(stderr, 'apt-get install g++');
    const list = await cli(['engine', 'list'], { env: { ...process.env, ...env } });
    t.match(list.stdout, 'this machine lacks Python 3 and a C++ compiler to make it');
    t.match(list.stdout, 'Then: lockstep engine install tensorflow');
    t.match(list.stdout, 'wasm: available');
  },
);

void t.test('a compiler that CXX names and is not there is missing', async (t) => {
  const { stderr } = await install({ CXX: '/no/such/compiler', LOCKSTEP_CACHE: t.testdir() });
  t.match(stderr, 'lacks a C++ compiler.');
});

void t.test('without pip, pip is named', async (t) => {
  const folder = t.testdir({ pip: { '__init__.py': 'raise ImportError("no pip here")' } });
  const { stderr } = await install({ PYTHONPATH: folder, LOCKSTEP_CACHE: join(folder, 'cache') });
  t.match(stderr, 'lacks pip, of Python.');
});

void t.test(
  'without a driver for GPUs, --gpu says what is missing before it fetches',
  async (t) => {
    const folder = t.testdir();
    const env = { LOCKSTEP_CACHE: join(folder, 'cache'), LOCKSTEP_VIRTUAL_GPUS: '1' };
    const PATH = pathWith(join(folder, 'bin'), ['python3', 'g++']);
    const absent = await install({ ...env, PATH }, '--gpu');
    t.equal(absent.status, 1);
    t.match(absent.stderr, 'ENGINE_INSTALL_DRIVER: No GPU can be used here: there is no driver');
    t.match(absent.stderr, 'apt-get install nvidia-driver');
    t.match(absent.stderr, '--without-driver');
    const old = withDriver(join(folder, 'old'), listingOf([{}], '470.42.01'), 0, { PATH });
    t.match((await install({ ...env, ...old }, '--gpu')).stderr, 'the driver 470.42.01 is too old');
    const words = "NVIDIA-SMI has failed because it couldn't communicate with the driver.\n";
    const broken = withDriver(join(folder, 'broken'), words, 9, { PATH: process.env['PATH'] });
    const failed = await install({ ...env, ...broken }, '--gpu');
    t.match(
      failed.stderr,
      'the driver does not work: nvidia-smi ended with status 9: NVIDIA-SMI has',
    );
    t.notOk(existsSync(env.LOCKSTEP_CACHE), 'nothing was begun');
    const list = await cli(['engine', 'list'], {
      env: {
        ...process.env,
        ...withDriver(join(folder, 'two'), listingOf([{}, {}])),
        ...{ LOCKSTEP_CACHE: env.LOCKSTEP_CACHE },
      },
    });
    t.match(list.stdout, 'tensorflow: not available');
    t.match(list.stdout, 'lockstep engine install tensorflow --gpu');
  },
);

void t.test('with --gpu, all wheels of NVIDIA have to be in the folder', async (t) => {
  const folder = t.testdir({
    wheels: { 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl': 'PK' },
    cpu: { 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl': 'PK' },
  });
  const env = {
    ...withDriver(join(folder, 'bin'), listingOf([{}])),
    LOCKSTEP_CACHE: join(folder, 'cache'),
  };
  const some = await install(env, '--gpu', '--from', join(folder, 'wheels'));
  t.match(some.stderr, /ENGINE_INSTALL_SOURCE.*lacks the wheels of nvidia-cuda-runtime-cu12 12\.9/);
  const other = await install(env, '--gpu', '--from', join(folder, 'cpu'));
  t.match(other.stderr, 'cpu holds neither the wheel of tensorflow 2.21.0');
});

void t.test('without network, the way around it is told', async (t) => {
  const { status, stderr } = await install({
    ...{ PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '', PIP_NO_INDEX: '', PIP_RETRIES: '0' },
    ...{ PIP_INDEX_URL: 'http://127.0.0.1:9/simple', PIP_EXTRA_INDEX_URL: '' },
    LOCKSTEP_CACHE: t.testdir(),
  });
  t.equal(status, 1);
  t.match(stderr, 'ENGINE_INSTALL_DOWNLOAD');
  t.match(stderr, '--from DIR');
});

void t.test(
  'a folder without the parts, and a wheel cut short, are told from each other',
  async (t) => {
    const wheel = 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl';
    const folder = t.testdir({ empty: {}, cut: { [wheel]: 'PK' }, cache: {} });
    const env = { LOCKSTEP_CACHE: join(folder, 'cache') };
    const empty = await install(env, '--from', join(folder, 'empty'));
    t.match(empty.stderr, 'ENGINE_INSTALL_SOURCE');
    t.match(empty.stderr, 'empty holds neither the wheel of tensorflow-cpu 2.21.0');
    const cut = await install(env, '--from', join(folder, 'cut'));
    t.match(cut.stderr, 'ENGINE_INSTALL_SOURCE');
    t.match(cut.stderr, 'It may have been cut short.');
  },
);

void t.test('a cache that cannot be a folder, and a disk without room', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'file'), '');
  const { stderr } = await install({ LOCKSTEP_CACHE: join(folder, 'file') });
  t.match(stderr, 'ENGINE_INSTALL_DISK');
  t.match(stderr, 'LOCKSTEP_CACHE');
  const { bavail, bsize } = statfsSync(folder);
  await requireRoom(folder, (bavail * bsize) / 2);
  await t.rejects(requireRoom(folder, bavail * bsize * 2), { code: 'ENGINE_INSTALL_DISK' });
});
