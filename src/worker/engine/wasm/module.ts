import { LockstepError } from '../../../shared/errors.js';

/**
 * The WebAssembly module of training kernels: which of its two builds, found, compiled and
 * instantiated on the worker's shared memory, in Node and in browsers.
 *
 *   plain     every operation is specified by IEEE 754: the same bits on every machine
 *   relaxed   multiply-add may be fused, by hardware: faster, the same bits on like machines
 */
export type KernelBuild = 'plain' | 'relaxed';

export interface KernelModule {
  readonly build: KernelBuild;
  /** Can be posted to other threads. */
  readonly module: WebAssembly.Module;
  /** SHA-256 of the file, hex: results of training belong to these bytes. */
  readonly sha256: string;
}

/** Exported kernels. Addresses and counts are int32; sizes in bytes where a name says so. */
export type Kernels = Readonly<Record<string, (...args: number[]) => number>>;

const FILES: Record<KernelBuild, string> = {
  plain: 'kernels.wasm',
  relaxed: 'kernels-relaxed.wasm',
};

/** A module of one function that uses f32x4.relaxed_madd. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32,
  0, 32, 0, 253, 133, 2, 11,
]);

/** Whether this machine's engine takes the relaxed build. Turns the feature on in Node 20. */
export async function supportsRelaxedSimd(): Promise<boolean> {
  if (!WebAssembly.validate(RELAXED_PROBE) && runsInNode()) {
    // Node 20 has the instructions behind a flag that may be set until a module uses them.
    const v8 = await import('node:v8');
    v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  }
  return WebAssembly.validate(RELAXED_PROBE);
}

/** By build: a process asks several times, to choose an engine, to build and to compute. */
const loaded = new Map<KernelBuild, Promise<KernelModule>>();

/**
 * Reads and compiles a build of the kernels.
 * @throws KERNELS_MISSING where the file is not there,
 *   KERNELS_UNSUPPORTED where this WebAssembly engine lacks an instruction set.
 */
export function loadKernels(build: KernelBuild): Promise<KernelModule> {
  const known = loaded.get(build);
  if (known !== undefined) return known;
  const module = readAndCompile(build);
  loaded.set(build, module);
  module.catch(() => loaded.delete(build));
  return module;
}

async function readAndCompile(build: KernelBuild): Promise<KernelModule> {
  if (build === 'relaxed' && !(await supportsRelaxedSimd())) {
    throw new LockstepError(
      'KERNELS_UNSUPPORTED',
      'The fast-math kernels need relaxed SIMD, which this WebAssembly engine does not have.',
      { hint: 'Train without --fast-math, or use Node 20 or later on x64 or arm64.' },
    );
  }
  const bytes = await readKernels(new URL(FILES[build], import.meta.url));
  if (!WebAssembly.validate(bytes)) {
    throw new LockstepError(
      'KERNELS_UNSUPPORTED',
      `This WebAssembly engine refuses ${FILES[build]}: it needs SIMD, threads and bulk memory.`,
      { hint: 'Use Node 20 or later, or a browser of 2023 or later.' },
    );
  }
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return {
    build,
    module: await WebAssembly.compile(bytes),
    sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}

/** Instantiates the kernels on a shared memory; each thread has an instance of its own. */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

function runsInNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}

async function readKernels(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (file.protocol === 'file:') {
      const { readFile } = await import('node:fs/promises');
      return new Uint8Array(await readFile(file));
    }
    const response = await fetch(file);
    if (!response.ok) {
      throw new LockstepError('KERNELS_MISSING', `HTTP status ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new LockstepError('KERNELS_MISSING', `Cannot read ${file.href}.`, {
      cause,
      hint: 'Build the kernels with `npm run build`, or install the package again.',
    });
  }
}
