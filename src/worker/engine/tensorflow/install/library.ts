import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { bytesBelow } from '../../../../shared/bytes-below.js';
import { LockstepError } from '../../../../shared/errors.js';
import { runProgram } from '../../../../shared/run-program.js';
import { CUDA_LIBRARIES, NVIDIA_PACKAGES } from './nvidia-packages.js';
import { asDiskError, placeFolder, requireRoom } from './place.js';
import type { Tools } from './tools.js';
import { TENSORFLOW, type InstallFolders, type Variant } from './versions.js';
import { fetchWheel, lastLine, STALL_MILLIS, wheelIn, type Wheel } from './wheels.js';

/** The wheel with the library, and what it takes on the disk while it and all else is unpacked. */
const PARTS: Readonly<Record<Variant, { readonly wheel: Wheel; readonly roomBytes: number }>> = {
  cpu: {
    wheel: { name: 'tensorflow-cpu', version: TENSORFLOW, bytes: 274e6 },
    roomBytes: 1.2e9,
  },
  cuda: {
    wheel: { name: 'tensorflow', version: TENSORFLOW, bytes: 573e6 },
    roomBytes: 10e9,
  },
};

/** Copies what the engine needs out of wheels or of unpacked packages, and nothing else. */
const UNPACK = `
import os, shutil, sys, zipfile
target = sys.argv[1]
def wanted(name):
    if name.endswith('/'): return None
    if name.startswith('nvidia/'):
        is_library = '/lib/' in name and '.so' in os.path.basename(name)
        is_tool = name.startswith(('nvidia/cuda_nvcc/bin/', 'nvidia/cuda_nvcc/nvvm/libdevice/'))
        return name if is_library or is_tool else None
    if not name.startswith('tensorflow/'): return None
    if name.startswith('tensorflow/libtensorflow') and '.so' in name: return 'lib/' + name[11:]
    if name == 'tensorflow/python/platform/build_info.py': return 'build_info.py'
    return name[11:] if name.startswith('tensorflow/include/') else None
def put(name, stream):
    place = os.path.join(target, name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, 'wb') as file: shutil.copyfileobj(stream, file, 1 << 20)
    if name.startswith('nvidia/cuda_nvcc/bin/'): os.chmod(place, 0o755)
for source in sys.argv[2:]:
    if os.path.isdir(source):
        for folder, _, names in os.walk(source):
            for name in names:
                path = os.path.join(folder, name)
                inside = wanted(os.path.relpath(path, os.path.dirname(source)))
                if inside: put(inside, open(path, 'rb'))
    else:
        with zipfile.ZipFile(source) as wheel:
            for name in wheel.namelist():
                inside = wanted(name)
                if inside: put(inside, wheel.open(name))
`;

/**
 * Puts TensorFlow's library in its folder, from `from` or from where pip finds the wheels; of the
 * variant for GPUs, NVIDIA's libraries beside it.
 *
 * Errors: ENGINE_INSTALL_SOURCE, ENGINE_INSTALL_DOWNLOAD, ENGINE_INSTALL_DISK.
 */
export async function installLibrary(
  { downloads, library }: InstallFolders,
  variant: Variant,
  tools: Tools,
  env: NodeJS.ProcessEnv,
  from: string | null,
  say: (text: string) => void,
): Promise<void> {
  if (existsSync(library)) return;
  await mkdir(downloads, { recursive: true }).catch((error: unknown) => {
    throw asDiskError(error, downloads);
  });
  await requireRoom(downloads, PARTS[variant].roomBytes);
  const sources: string[] = [];
  if (from === null) {
    for (const wheel of wheelsOf(variant)) {
      sources.push(await fetchWheel(wheel, downloads, tools, env, say));
    }
  } else {
    sources.push(...(await sourcesIn(from, variant)));
  }
  const [first, ...others] = sources;
  say(`Unpacking ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`);
  await placeFolder(library, async (partial) => {
    const { status, output } = await runProgram({
      program: tools.python,
      args: ['-c', UNPACK, partial, ...sources],
      ...{ env, stallMillis: STALL_MILLIS, progress: () => bytesBelow(partial) },
    });
    const missing = requiredFiles(variant).find((file) => !existsSync(join(partial, file)));
    if (status === 0 && missing === undefined) return;
    const why = status === 0 ? `${missing!} is not in it` : lastLine(output);
    throw new LockstepError(
      'ENGINE_INSTALL_SOURCE',
      `TensorFlow's library could not be unpacked from ${sources.join(', ')}: ${why}`,
      { hint: 'Delete that file or folder, and install again. It may have been cut short.' },
    );
  });
}

function wheelsOf(variant: Variant): readonly Wheel[] {
  const { wheel } = PARTS[variant];
  if (variant === 'cpu') return [wheel];
  return [wheel, ...NVIDIA_PACKAGES.map((each) => ({ ...each, bytes: null }))];
}

function requiredFiles(variant: Variant): readonly string[] {
  const own = ['lib/libtensorflow_cc.so.2'];
  return variant === 'cpu' ? own : [...own, ...CUDA_LIBRARIES.map((file) => `nvidia/${file}`)];
}

/** A folder at hand: with the wheels in it, or an installed Python package `tensorflow`. */
async function sourcesIn(from: string, variant: Variant): Promise<readonly string[]> {
  const folder = resolve(from);
  const wheels = wheelsOf(variant);
  // The wheel for GPUs holds the library for processors too.
  const own = [wheels[0]!, ...(variant === 'cpu' ? [PARTS.cuda.wheel] : [])];
  for (const wheel of own) {
    const file = await wheelIn(folder, wheel);
    if (file !== null) return [file, ...(await nvidiaWheelsIn(folder, wheels.slice(1)))];
  }
  const parts = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include'];
  const nvidia = join(dirname(folder), 'nvidia');
  if (parts.every((part) => existsSync(join(folder, part)))) {
    if (variant === 'cpu') return [folder];
    if (existsSync(nvidia)) return [folder, nvidia];
    throw new LockstepError(
      'ENGINE_INSTALL_SOURCE',
      `${folder} is an installed Python package tensorflow, but the libraries of CUDA are not beside it, in ${nvidia}.`,
      { hint: `Install that one with pip as tensorflow[and-cuda]==${TENSORFLOW}.` },
    );
  }
  const { name } = wheels[0]!;
  throw new LockstepError(
    'ENGINE_INSTALL_SOURCE',
    `${folder} holds neither the wheel of ${name} ${TENSORFLOW} nor what is in it.`,
    {
      hint: `Name a folder with a file ${name.replaceAll('-', '_')}-${TENSORFLOW}-….whl, or the folder of an installed Python package tensorflow ${TENSORFLOW}, which has libtensorflow_cc.so.2 and include/.`,
    },
  );
}

async function nvidiaWheelsIn(folder: string, wheels: readonly Wheel[]): Promise<string[]> {
  const found: string[] = [];
  const missing: string[] = [];
  for (const wheel of wheels) {
    const file = await wheelIn(folder, wheel);
    if (file === null) missing.push(`${wheel.name} ${wheel.version}`);
    else found.push(file);
  }
  if (missing.length === 0) return found;
  throw new LockstepError(
    'ENGINE_INSTALL_SOURCE',
    `${folder} lacks the wheels of ${missing.join(', ')}.`,
    { hint: 'Fetch them where the network is, with pip download --no-deps, into that folder.' },
  );
}
