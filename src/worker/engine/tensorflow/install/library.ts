import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bytesBelow } from '../../../../shared/bytes-below.js';
import { LockstepError } from '../../../../shared/errors.js';
import { runProgram } from '../../../../shared/run-program.js';
import { asDiskError, placeFolder, requireRoom } from './place.js';
import { tellShares } from './tell-shares.js';
import type { Tools } from './tools.js';
import { TENSORFLOW, type InstallFolders } from './versions.js';

/** The library's files and the headers, 815 MB, and the wheel that they are in, 274 MB. */
const ROOM_BYTES = 1.2e9;
const WHEEL_BYTES = 274e6;

/** pip and a disk may be slow, but something has to move. */
const STALL_MILLIS = 300_000;

/**
 * Any wheel of the release holds the same library, whichever Python it is for: named here, so that
 * the Python at hand need not be one that TensorFlow supports.
 */
const WHEEL = [
  ...['--no-deps', '--only-binary=:all:', '--implementation', 'cp'],
  ...['--python-version', '3.11', '--abi', 'cp311', '--platform', 'manylinux_2_27_x86_64'],
];

/** Copies what the engine needs out of a wheel or of an unpacked package, and nothing else. */
const UNPACK = `
import os, shutil, sys, zipfile
source, target = sys.argv[1:3]
def wanted(name):
    if name.endswith('/') or not name.startswith('tensorflow/'): return None
    if name.startswith('tensorflow/libtensorflow') and '.so' in name: return 'lib/' + name[11:]
    return name[11:] if name.startswith('tensorflow/include/') else None
def put(name, stream):
    place = os.path.join(target, name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, 'wb') as file: shutil.copyfileobj(stream, file, 1 << 20)
if os.path.isdir(source):
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            inside = wanted('tensorflow/' + os.path.relpath(path, source))
            if inside: put(inside, open(path, 'rb'))
else:
    with zipfile.ZipFile(source) as wheel:
        for name in wheel.namelist():
            inside = wanted(name)
            if inside: put(inside, wheel.open(name))
`;

/**
 * Puts TensorFlow's library in its folder, from `from` or from where pip finds the wheel.
 *
 * Errors: ENGINE_INSTALL_SOURCE, ENGINE_INSTALL_DOWNLOAD, ENGINE_INSTALL_DISK.
 */
export async function installLibrary(
  { downloads, library }: InstallFolders,
  tools: Tools,
  env: NodeJS.ProcessEnv,
  from: string | null,
  say: (text: string) => void,
): Promise<void> {
  if (existsSync(library)) return;
  await mkdir(downloads, { recursive: true }).catch((error: unknown) => {
    throw asDiskError(error, downloads);
  });
  await requireRoom(downloads, ROOM_BYTES);
  const source = from === null ? await download(downloads, tools, env, say) : await sourceIn(from);
  say(`Unpacking ${source}`);
  await placeFolder(library, async (partial) => {
    const { status, output } = await runProgram({
      program: tools.python,
      args: ['-c', UNPACK, source, partial],
      ...{ env, stallMillis: STALL_MILLIS, progress: () => bytesBelow(partial) },
    });
    const whole = existsSync(join(partial, 'lib', 'libtensorflow_cc.so.2'));
    if (status === 0 && whole) return;
    throw new LockstepError(
      'ENGINE_INSTALL_SOURCE',
      `TensorFlow's library could not be unpacked from ${source}: ${lastLine(output)}`,
      { hint: 'Delete that file or folder, and install again. It may have been cut short.' },
    );
  });
}

/** A wheel that was fetched before is taken again. pip puts it in place when it is whole. */
async function download(
  downloads: string,
  { python }: Tools,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<string> {
  const there = await wheelIn(downloads);
  if (there !== null) return there;
  say(`Fetching tensorflow-cpu ${TENSORFLOW} with pip (274 MB)`);
  const pip = ['-m', 'pip', 'download', '--disable-pip-version-check', '--progress-bar', 'off'];
  const wheel = [...WHEEL, '--dest', downloads, `tensorflow-cpu==${TENSORFLOW}`];
  // pip fetches into TMPDIR, and moves what is whole: the same disk, and seen to grow.
  const unfinished = join(downloads, `unfinished-${process.pid}`);
  await mkdir(unfinished, { recursive: true });
  const { status, output } = await runProgram({
    program: python,
    args: [...pip, ...wheel],
    env: { ...env, TMPDIR: unfinished },
    stallMillis: STALL_MILLIS,
    progress: tellShares(() => bytesBelow(unfinished), WHEEL_BYTES, say),
  }).finally(() => rm(unfinished, { recursive: true, force: true }));
  const fetched = await wheelIn(downloads);
  if (status === 0 && fetched !== null) return fetched;
  throw new LockstepError(
    'ENGINE_INSTALL_DOWNLOAD',
    `pip could not fetch tensorflow-cpu ${TENSORFLOW}: ${lastLine(output)}`,
    {
      hint: 'Install again once the network is there: what was fetched is kept. Without network, bring the wheel and name its folder: lockstep engine install tensorflow --from DIR',
    },
  );
}

/** A folder at hand: with the wheel in it, or an installed Python package `tensorflow`. */
async function sourceIn(from: string): Promise<string> {
  const folder = resolve(from);
  const wheel = await wheelIn(folder);
  if (wheel !== null) return wheel;
  const parts = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include'];
  if (parts.every((part) => existsSync(join(folder, part)))) return folder;
  throw new LockstepError(
    'ENGINE_INSTALL_SOURCE',
    `${folder} holds neither the wheel of tensorflow-cpu ${TENSORFLOW} nor what is in it.`,
    {
      hint: `Name a folder with a file tensorflow_cpu-${TENSORFLOW}-….whl, or the folder of an installed Python package tensorflow ${TENSORFLOW}, which has libtensorflow_cc.so.2 and include/.`,
    },
  );
}

async function wheelIn(folder: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find(
    (each) =>
      /^tensorflow(_cpu)?-/.test(each) &&
      each.includes(`-${TENSORFLOW}-`) &&
      each.endsWith('x86_64.whl'),
  );
  return name === undefined ? null : join(folder, name);
}

function lastLine(output: string): string {
  return output.split('\n').at(-1) ?? '';
}
