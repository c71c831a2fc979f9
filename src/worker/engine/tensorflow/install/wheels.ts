import { readdir, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesBelow } from '../../../../shared/bytes-below.js';
import { LockstepError } from '../../../../shared/errors.js';
import { runProgram } from '../../../../shared/run-program.js';
import { tellShares } from './tell-shares.js';
import type { Tools } from './tools.js';

/** A package on PyPI, as a wheel for Linux on x64. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  /** About, for people; null: not known. */
  readonly bytes: number | null;
}

/** pip and a disk may be slow, but something has to move. */
export const STALL_MILLIS = 300_000;

/**
 * Any wheel of TensorFlow's release holds the same library, whichever Python it is for: named here,
 * so that the Python at hand need not be one that TensorFlow supports. NVIDIA's are for all.
 */
const KIND = [
  ...['--no-deps', '--only-binary=:all:', '--implementation', 'cp'],
  ...['--python-version', '3.11', '--abi', 'cp311', '--abi', 'none'],
  // Of glibc 2.28 and older: pip does not conclude from one to the others.
  ...Array.from({ length: 24 }, (_, i) => ['--platform', `manylinux_2_${28 - i}_x86_64`]).flat(),
  ...['--platform', 'manylinux2014_x86_64', '--platform', 'manylinux1_x86_64'],
];

/**
 * A wheel that was fetched before is taken again. pip puts it in place when it is whole.
 *
 * Errors: ENGINE_INSTALL_DOWNLOAD.
 */
export async function fetchWheel(
  wheel: Wheel,
  downloads: string,
  { python }: Tools,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<string> {
  const there = await wheelIn(downloads, wheel);
  if (there !== null) return there;
  const { name, version, bytes } = wheel;
  const size = bytes === null ? '' : ` (${Math.round(bytes / 1e6)} MB)`;
  say(`Fetching ${name} ${version} with pip${size}`);
  const pip = ['-m', 'pip', 'download', '--disable-pip-version-check', '--progress-bar', 'off'];
  // pip fetches into TMPDIR, and moves what is whole: the same disk, and seen to grow.
  const unfinished = join(downloads, `unfinished-${process.pid}`);
  await mkdir(unfinished, { recursive: true });
  const fetched = () => bytesBelow(unfinished);
  const { status, output } = await runProgram({
    program: python,
    args: [...pip, '--no-cache-dir', ...KIND, '--dest', downloads, `${name}==${version}`],
    env: { ...env, TMPDIR: unfinished },
    stallMillis: STALL_MILLIS,
    progress: bytes === null ? fetched : tellShares(fetched, bytes, say),
  }).finally(() => rm(unfinished, { recursive: true, force: true }));
  const made = await wheelIn(downloads, wheel);
  if (status === 0 && made !== null) return made;
  throw new LockstepError(
    'ENGINE_INSTALL_DOWNLOAD',
    `pip could not fetch ${name} ${version}: ${lastLine(output)}`,
    {
      hint: 'Install again once the network is there: what was fetched is kept. Without network, bring the wheel and name its folder: lockstep engine install tensorflow --from DIR',
    },
  );
}

/** The wheel's file in a folder; null where it is not there. */
export async function wheelIn(
  folder: string,
  { name, version }: Pick<Wheel, 'name' | 'version'>,
): Promise<string | null> {
  const start = `${name.replaceAll('-', '_')}-${version}-`;
  const names = await readdir(folder).catch(() => []);
  const found = names.find((each) => each.startsWith(start) && each.endsWith('x86_64.whl'));
  return found === undefined ? null : join(folder, found);
}

export function lastLine(output: string): string {
  return output.split('\n').at(-1) ?? '';
}
