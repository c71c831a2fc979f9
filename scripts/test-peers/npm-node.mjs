/** A Node build from its npm package, checked against the pinned hash. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {{ name: string, package: string, version: string, integrity: string }} build
 * @param {string} folder where `node_modules/<package>/bin/node` shall stand
 */
export function installNodeBuild(build, folder) {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, 'package.json'), '{ "private": true }\n');
  // --force: npm would refuse a package for another processor.
  const flags = ['--prefix', fresh, '--force', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, `${build.package}@${build.version}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 10 * 60_000,
  });
  const lock = JSON.parse(readFileSync(join(fresh, 'package-lock.json'), 'utf8'));
  const got = lock.packages[`node_modules/${build.package}`]?.integrity;
  if (got !== build.integrity) {
    throw new Error(
      `${build.package}@${build.version}: the registry's hash is ${got}, pinned is ${build.integrity}`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}
