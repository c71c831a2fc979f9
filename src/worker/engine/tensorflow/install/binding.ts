import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockstepError } from '../../../../shared/errors.js';
import { runProgram } from '../../../../shared/run-program.js';
import { patched } from './patches.js';
import { placeFolder } from './place.js';
import { QUIET_SOURCE } from './quiet-source.js';
import type { Tools } from './tools.js';
import { CUDA_LIBRARIES } from './nvidia-packages.js';
import type { SelfTestRecord, SelfTestTask } from './self-test.js';
import { BINDING, TENSORFLOW, type InstallFolders, type Variant } from './versions.js';

const SELF_TEST = fileURLToPath(new URL('./self-test.js', import.meta.url));
/** A compiler says nothing while it works; a minute is usual. */
const STALL_MILLIS = 900_000;
const PACKAGE = '@tensorflow/tfjs-node-gpu';
/** In the binding's folder: what of the package runs as JavaScript. */
export const KERNELS = 'tfjs-node';
export const BINDING_FILE = 'tfjs_binding.node';
/** Keeps the library's greeting off standard error; see quiet-source.ts. */
export const QUIET_FILE = 'quiet.node';

/** What install.json keeps of an installation. */
export interface InstallRecord {
  readonly tensorflow: string;
  readonly binding: string;
  /** TensorFlow's names of its devices, such as CPU and GPU. */
  readonly devices: readonly string[];
  /** null where it computes on processors alone. */
  readonly cuda: CudaRecord | null;
}

/** What the library was built with, and what is to be loaded before it. */
export interface CudaRecord {
  readonly version: string;
  readonly cudnn: string;
  /** In order, as paths in the library's folder. */
  readonly libraries: readonly string[];
}

/** What is installed: whether it can be tried on a GPU here. */
export interface InstallGoal {
  readonly variant: Variant;
  readonly hasGpu: boolean;
}

/**
 * Compiles the binding against the library, tests it, and puts it in its folder.
 *
 * Errors: ENGINE_INSTALL_COMPILE, ENGINE_INSTALL_SELF_TEST, ENGINE_INSTALL_DOWNLOAD,
 * ENGINE_INSTALL_SOURCE, ENGINE_INSTALL_DISK.
 */
export async function installBinding(
  folders: InstallFolders,
  goal: InstallGoal,
  tools: Tools,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<void> {
  if (existsSync(folders.binding)) return;
  const source = await bindingSource(folders.downloads, tools, env, say);
  await placeFolder(folders.binding, async (partial) => {
    say(`Compiling the binding of ${PACKAGE} ${BINDING} with ${tools.compiler}`);
    await compile(source, partial, folders, tools, env);
    // Its kernels in JavaScript too: tracing runs them.
    for (const part of ['package.json', 'dist']) {
      await cp(join(dirname(source), part), join(partial, KERNELS, part), { recursive: true });
    }
    say(
      goal.variant === 'cpu' || goal.hasGpu
        ? 'Testing it'
        : 'Testing it, but not on a GPU: there is none here',
    );
    const record = await selfTest(partial, folders, goal, env);
    await writeFile(join(partial, 'install.json'), `${JSON.stringify(record, null, 2)}\n`);
  });
}

/** The package's folder `binding`: of the package that is installed here, or fetched by npm. */
async function bindingSource(
  downloads: string,
  { python }: Tools,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<string> {
  const installed = await installedSource();
  if (installed !== null) return installed;
  const unpacked = join(downloads, `tfjs-node-gpu-${BINDING}`);
  if (!existsSync(unpacked)) {
    say(`Fetching the source of ${PACKAGE} ${BINDING} with npm`);
    await placeFolder(unpacked, async (partial) => {
      const pack = ['pack', '--ignore-scripts', '--pack-destination', partial];
      const run = { env, folder: partial, stallMillis: STALL_MILLIS };
      const of = `${PACKAGE}@${BINDING}`;
      const packed = await runProgram({ ...run, program: 'npm', args: [...pack, of] });
      const file = (await readdir(partial)).find((name) => name.endsWith('.tgz'));
      const unpack = 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])';
      const args = ['-c', unpack, join(partial, file ?? ''), partial];
      if (file !== undefined && (await runProgram({ ...run, program: python, args })).status === 0)
        return;
      throw new LockstepError(
        'ENGINE_INSTALL_DOWNLOAD',
        `npm could not fetch ${PACKAGE} ${BINDING}: ${packed.output.split('\n').at(-1) ?? ''}`,
        { hint: 'Install again once the network is there: what was fetched is kept.' },
      );
    });
  }
  return join(unpacked, 'package', 'binding');
}

async function installedSource(): Promise<string | null> {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    return version === BINDING ? join(dirname(manifest), 'binding') : null;
  } catch {
    return null;
  }
}

async function compile(
  source: string,
  target: string,
  { library }: InstallFolders,
  { compiler, headers }: Tools,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const work = join(target, 'source');
  await mkdir(work);
  for (const file of await readdir(source)) {
    const text = await readFile(join(source, file), 'utf8');
    await writeFile(join(work, file), patched(file, text));
  }
  await writeFile(join(work, 'quiet.cc'), QUIET_SOURCE);
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', '-I', headers];
  const run = { program: compiler, env, folder: work, stallMillis: STALL_MILLIS };
  const quiet = await runProgram({
    ...run,
    args: [...flags, 'quiet.cc', '-o', join(target, QUIET_FILE)],
  });
  const built =
    quiet.status !== 0
      ? quiet
      : await runProgram({
          ...run,
          args: [
            ...[...flags, '-DNODE_GYP_MODULE_NAME=tfjs_binding', '-I', join(library, 'include')],
            ...['tfjs_backend.cc', 'tfjs_binding.cc', '-o', join(target, BINDING_FILE)],
            ...['-L', join(library, 'lib'), '-l:libtensorflow_cc.so.2'],
            ...[
              '-l:libtensorflow_framework.so.2',
              `-Wl,-rpath,$ORIGIN/../${basename(library)}/lib`,
            ],
          ],
        });
  if (built.status === 0) return;
  // Kept, so that the compiler's words can be read in full.
  const log = `${target.replace(/\.partial-.*/, '')}.log`;
  await writeFile(log, built.output);
  const first = /^.*error.*$/im.exec(built.output)?.[0] ?? built.output.split('\n').at(-1) ?? '';
  throw new LockstepError(
    'ENGINE_INSTALL_COMPILE',
    `${compiler} could not compile the binding: ${first}`,
    { hint: `All of its words are in ${log}. The compiler must know C++17: g++ 9 or clang 10.` },
  );
}

/** In a process of its own: a library that does not fit may end it. */
async function selfTest(
  folder: string,
  { library }: InstallFolders,
  { variant, hasGpu }: InstallGoal,
  env: NodeJS.ProcessEnv,
): Promise<InstallRecord> {
  const cuda = variant === 'cpu' ? null : await cudaRecord(library);
  const task: SelfTestTask = {
    binding: join(folder, BINDING_FILE),
    quiet: join(folder, QUIET_FILE),
    preload: (cuda?.libraries ?? []).map((file) => join(library, file)),
    needsGpu: hasGpu,
  };
  const visible = hasGpu ? {} : { CUDA_VISIBLE_DEVICES: '-1' };
  const { status, output } = await runProgram({
    program: process.execPath,
    args: [SELF_TEST, JSON.stringify(task)],
    env: { ...env, ...visible, NODE_OPTIONS: '', LOCKSTEP_TENSORFLOW_CONFIG: undefined },
    stallMillis: STALL_MILLIS,
  });
  const found = /^self-test (\{.*\})$/m.exec(output)?.[1];
  const record = found === undefined ? null : (JSON.parse(found) as SelfTestRecord);
  if (status === 0 && record?.tensorflow === TENSORFLOW) {
    return { ...record, binding: BINDING, cuda };
  }
  throw new LockstepError(
    'ENGINE_INSTALL_SELF_TEST',
    record === null
      ? `The binding was compiled and does not work: ${output.split('\n').slice(-3).join(' ')}`
      : `The library is TensorFlow ${record.tensorflow}; the engine needs ${TENSORFLOW}.`,
    {
      hint: 'With --from, name a folder that holds this version. Else report it with this message.',
    },
  );
}

/** Errors: ENGINE_INSTALL_SOURCE where the library was not built with CUDA. */
async function cudaRecord(library: string): Promise<CudaRecord> {
  const text = await readFile(join(library, 'build_info.py'), 'utf8').catch(() => '');
  // Pairs of a Python program: ('cuda_version', '12.5.1').
  const said = (name: string) => new RegExp(`'${name}', '([\\d.]+)'`).exec(text)?.[1];
  const version = said('cuda_version');
  if (version === undefined) {
    throw new LockstepError(
      'ENGINE_INSTALL_SOURCE',
      `TensorFlow's library in ${library} was not built with CUDA.`,
      { hint: 'Delete that folder, and install from the package tensorflow, not tensorflow-cpu.' },
    );
  }
  const libraries = CUDA_LIBRARIES.map((file) => `nvidia/${file}`);
  return { version, cudnn: said('cudnn_version') ?? 'unknown', libraries };
}
