/**
 * Fetches Debian's package of Fashion-MNIST with apt and unpacks it without installing it, so no
 * rights beyond the user's are needed. apt checks the package's signature chain itself.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FASHION_MNIST_PACKAGE } from '../../../shared/data/fashion-mnist.js';
import { bytesBelow } from '../../../shared/bytes-below.js';
import { LockstepError } from '../../../shared/errors.js';
import { DEBIAN_FOLDER } from '../sources.js';
import { isAlive } from '../../process-alive.js';
import { fetchProgram } from './fetch-program.js';

export interface AptFetch {
  /** Further options of apt-get, e.g. `-o Name=value`. */
  readonly options?: readonly string[];
  /** Bytes received so far; how many in all is known only roughly. */
  readonly onProgress: (doneBytes: number) => void;
}

/** apt itself gives up a connection after `Timeout` s, and tries `Retries` more times. */
const PATIENCE = ['-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::Retries=2'];
const STALL_MILLIS = 60_000;
const WORK_PREFIX = 'lockstep-apt-';

/**
 * Hands the folder with the package's four files to `use`, and removes it afterwards.
 * @throws LockstepError DATA_FETCH_FAILED
 */
export async function withAptPackage(
  fetch: AptFetch,
  use: (folder: string) => void,
): Promise<void> {
  removeLeftOvers();
  const work = mkdtempSync(join(tmpdir(), `${WORK_PREFIX}${process.pid}-`));
  try {
    // For root, apt downloads as the user `_apt`, who has to get at the folder.
    chmodSync(work, 0o755);
    const run = (program: string, args: readonly string[]) =>
      fetchProgram({ program, args, folder: work, stallMillis: STALL_MILLIS, progress });
    const progress = () => {
      const bytes = bytesBelow(work);
      fetch.onProgress(bytes);
      return bytes;
    };
    const options = [...PATIENCE, ...(fetch.options ?? [])];
    await downloadPackage(work, options, run);
    const packed = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (packed === undefined) {
      throw new LockstepError('DATA_FETCH_FAILED', `apt-get left no package in ${work}`, {
        hint: `Run \`apt-get download ${FASHION_MNIST_PACKAGE}\` by hand to see more.`,
      });
    }
    await run('dpkg-deb', ['-x', packed, 'unpacked']);
    use(join(work, 'unpacked', DEBIAN_FOLDER));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Folders of processes that were killed at it. */
function removeLeftOvers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${WORK_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // It belongs to another user, who will remove it.
    }
  }
}

async function downloadPackage(
  work: string,
  options: readonly string[],
  run: (program: string, args: readonly string[]) => Promise<void>,
): Promise<void> {
  const args = (more: readonly string[], command: readonly string[]) => [
    ...options,
    ...more,
    ...command,
  ];
  const command = ['download', FASHION_MNIST_PACKAGE];
  let first: unknown;
  try {
    await run('apt-get', args([], command));
    return;
  } catch (error) {
    if (/is not on this machine/.test(String(error))) throw error;
    first = error;
  }
  // On a bare machine apt has no lists of packages, or old ones: a private copy is made, since
  // the machine's own belong to root.
  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  const own = [
    ['Dir::State::lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['Acquire::Languages', 'none'],
    ['Acquire::IndexTargets::deb::DEP-11::DefaultEnabled', 'false'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  try {
    await run('apt-get', args(own, ['update']));
    await run('apt-get', args(own, command));
  } catch (error) {
    const messageOf = (e: unknown) => (e instanceof Error ? e.message : String(e));
    throw new LockstepError(
      'DATA_FETCH_FAILED',
      `${messageOf(first)}; with lists of its own: ${messageOf(error)}`,
      { cause: error, hint: 'Check /etc/apt/sources.list and the network.' },
    );
  }
}
