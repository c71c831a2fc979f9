#!/usr/bin/env node
/**
 * Puts every engine that the portability tests run in into `.cache/peers`: Node 20, 22 and 24,
 * Node on arm64 with an emulator, Chromium, Firefox. Uses npm and apt as they are set up here,
 * changes nothing outside that folder, needs no root, and does nothing for what is there already.
 * One thing is another matter: Slurm, whose parts look for each other at fixed places, is installed
 * on the machine, as root.
 * Prints where everything lies, as JSON. Exit status 1, with a list, when something is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEBIAN_ARM64_PACKAGES,
  DEBIAN_PACKAGES,
  NODE_BUILDS,
  installedPeers,
  peerPaths,
  peersFolder,
} from './test-peers/pins.mjs';
import { unpackDebianPackages } from './test-peers/debian.mjs';
import { installNodeBuild } from './test-peers/npm-node.mjs';
import { withLock } from './test-peers/lock.mjs';
import { installSlurm } from './test-peers/slurm.mjs';

const failures = [];

function attempt(name, why, work) {
  const started = performance.now();
  process.stderr.write(`test peers: ${name} …`);
  try {
    const result = work();
    process.stderr.write(` ${Math.round((performance.now() - started) / 1000)} s\n`);
    return result;
  } catch (error) {
    const detail = error.stderr?.toString().trim() || error.message;
    process.stderr.write(' failed\n');
    failures.push(`${name}: ${detail.split('\n').slice(-4).join('\n  ')}\n  ${why}`);
    return undefined;
  }
}

function debianPrograms() {
  const missing = ['apt-get', 'dpkg-deb', 'dpkg'].filter(
    (program) => spawnSync(program, ['--version']).error !== undefined,
  );
  if (missing.length === 0) return true;
  failures.push(
    `${missing.join(', ')}: not on this machine. Browsers and the arm64 emulator come from ` +
      'Debian packages; run the portability tests on Debian 12 or newer, or in a container of it.',
  );
  return false;
}

function install() {
  const why = 'The tests of Slurm need root, and apt that reaches a Debian mirror.';
  attempt('Slurm', why, installSlurm);
  const manifest = existsSync(peerPaths.manifest)
    ? JSON.parse(readFileSync(peerPaths.manifest, 'utf8'))
    : {};
  const record = (key, value) => {
    manifest[key] = value;
    writeFileSync(peerPaths.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
  };
  for (const build of NODE_BUILDS) {
    const version = `${build.package}@${build.version}`;
    if (manifest[build.name] === version && existsSync(peerPaths.node(build.name))) continue;
    attempt(version, 'npm must reach a package registry.', () => {
      installNodeBuild(build, join(peersFolder, build.name));
      record(build.name, version);
    });
  }
  const unpacked = [
    [
      'debian-host',
      'browsers and emulator',
      {
        root: peerPaths.debianRoot,
        packages: DEBIAN_PACKAGES,
        withDependencies: true,
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      },
    ],
    [
      'debian-arm64',
      'arm64 libraries',
      {
        root: peerPaths.arm64Root,
        packages: DEBIAN_ARM64_PACKAGES,
        withDependencies: false,
        architecture: 'arm64',
      },
    ],
  ].filter(([key, , request]) => {
    const asked = request.packages.join(' ');
    return manifest[key]?.asked !== asked || !existsSync(request.root);
  });
  if (unpacked.length > 0 && debianPrograms()) {
    for (const [key, title, request] of unpacked) {
      attempt(`${title} from Debian`, 'apt must reach a Debian mirror.', () => {
        const archives = unpackDebianPackages({
          ...request,
          work: join(peersFolder, `${key}.work`),
        });
        record(key, { asked: request.packages.join(' '), archives });
      });
    }
  }
}

mkdirSync(peersFolder, { recursive: true });
await withLock(join(peersFolder, 'lock'), install);
if (failures.length > 0) {
  process.stderr.write(`\nMissing for the tests:\n${failures.join('\n')}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${JSON.stringify(installedPeers(), null, 2)}\n`);
}
