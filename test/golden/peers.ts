import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { browserEngine } from './browser-engine.js';
import type { JavaScriptEngine } from './engine.js';
import { nodeEngine } from './node-engine.js';
import { repository } from './repository.js';

/** What `scripts/install-test-peers.mjs` prints. */
export interface Peers {
  readonly nodes: Readonly<Record<string, string>>;
  readonly qemu: string;
  readonly arm64Root: string;
  readonly chromium: string;
  readonly firefox: string;
  readonly libraries: readonly string[];
  readonly fontconfig: string | null;
  readonly versions: readonly string[];
}

/**
 * Where the engines lie; installs those that are missing.
 * @throws Error with the installer's list, when one cannot be had: a test must not pass without.
 */
export async function installPeers(): Promise<Peers> {
  const script = join(repository, 'scripts/install-test-peers.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 1_800_000 });
  return JSON.parse(stdout) as Peers;
}

/**
 * Node 20, 22 and 24, and Node 24 with one compiler of V8 only or without vector units that most
 * processors have: what V8 makes of a kernel differs, its results must not.
 */
export function nodeEngines(peers: Peers): JavaScriptEngine[] {
  const node24 = peers.nodes['node-24'] ?? '';
  const plain = ['node-20', 'node-22', 'node-24'].map((name) =>
    nodeEngine({ name, command: [peers.nodes[name] ?? ''] }),
  );
  const flagged = [
    ['--liftoff-only'],
    ['--no-liftoff'],
    ['--no-enable-avx'],
    ['--no-enable-avx2'],
    ['--no-enable-fma3'],
  ].map((flags) => nodeEngine({ name: `node-24 ${flags.join(' ')}`, command: [node24, ...flags] }));
  return [...plain, ...flagged];
}

/** Node on another processor: arm64, run by an emulator. */
export function arm64Engine(peers: Peers): JavaScriptEngine {
  return nodeEngine({
    name: 'node-24 on arm64',
    command: [peers.qemu, peers.nodes['node-24-arm64'] ?? ''],
    environment: { QEMU_LD_PREFIX: peers.arm64Root },
  });
}

export function browserEngines(peers: Peers): JavaScriptEngine[] {
  const environment = {
    LD_LIBRARY_PATH: peers.libraries.join(':'),
    ...(peers.fontconfig === null ? {} : { FONTCONFIG_PATH: peers.fontconfig }),
  };
  const chromium = browserEngine({
    name: 'chromium',
    program: peers.chromium,
    environment,
    args: (profile, url) => [
      '--headless',
      // Its sandbox needs rights that containers seldom give; the page is our own.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--enable-logging=stderr',
      `--user-data-dir=${profile}`,
      url,
    ],
  });
  const tiers = [
    ['firefox, baseline compiler', 'wasm_optimizingjit'],
    ['firefox, optimizing compiler', 'wasm_baselinejit'],
  ] as const;
  const firefoxes = tiers.map(([name, off]) =>
    browserEngine({
      name,
      program: peers.firefox,
      environment,
      preferences: [
        `user_pref("javascript.options.${off}", false);`,
        'user_pref("browser.shell.checkDefaultBrowser", false);',
        'user_pref("datareporting.policy.dataSubmissionEnabled", false);',
        'user_pref("network.captive-portal-service.enabled", false);',
        'user_pref("network.connectivity-service.enabled", false);',
        '',
      ].join('\n'),
      args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
    }),
  );
  return [chromium, ...firefoxes];
}
