/**
 * Debian packages in a folder of our own: downloaded with apt, unpacked without being installed.
 * Nothing outside the folder changes and no root is needed, because apt is given private lists
 * and a private cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {object} request
 * @param {string} request.root folder that becomes the root of the unpacked files
 * @param {string} request.work folder for lists and archives; removed at the end
 * @param {string} request.architecture Debian's name of it
 * @param {string[]} request.packages
 * @param {boolean} request.withDependencies also what they depend on and this machine lacks
 * @returns {string[]} file names of the archives that were unpacked, versions in them
 */
export function unpackDebianPackages(request) {
  const { root, work, architecture, packages } = request;
  rmSync(work, { recursive: true, force: true });
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'archives']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  // A foreign architecture starts from an empty machine; our own from what is installed.
  const installed = '/var/lib/dpkg/status';
  const status =
    request.withDependencies && existsSync(installed) ? installed : join(work, 'status');
  if (status !== installed) writeFileSync(status, '');
  const options = Object.entries({
    'Dir::State': join(work, 'state'),
    'Dir::State::status': status,
    'Dir::Cache': join(work, 'cache'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // The user that apt hands downloads to may not see into this folder.
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const apt = (...args) =>
    execFileSync('apt-get', [...options, ...args], {
      cwd: join(work, 'archives'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
      timeout: 20 * 60_000,
    });

  apt('update', '-q');
  const wanted = new Set(packages);
  if (request.withDependencies) {
    const plan = apt('-s', 'install', '--no-install-recommends', ...packages);
    for (const line of plan.matchAll(/^Inst (\S+)/gm)) wanted.add(line[1] ?? '');
    // Programs are started by this machine's loader, which must meet its own C library.
    for (const name of ['libc6', 'libc-bin']) wanted.delete(name);
  }
  apt('download', '-q', ...wanted);
  const archives = readdirSync(join(work, 'archives')).filter((name) => name.endsWith('.deb'));
  const fresh = `${root}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const archive of archives) {
    execFileSync('dpkg-deb', ['-x', join(work, 'archives', archive), fresh]);
  }
  rmSync(root, { recursive: true, force: true });
  renameSync(fresh, root);
  rmSync(work, { recursive: true, force: true });
  return archives.sort();
}
