import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const require = createRequire(import.meta.url);

/** The JavaScript file behind a command of an installed package. */
export function commandOf(packageName, command = packageName) {
  const manifest = join(ROOT, 'node_modules', packageName, 'package.json');
  const { bin } = require(manifest);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[command]);
}

/** Runs a Node program of this repository; ends this process with its status where it fails. */
export function node(args, options = {}) {
  const { status, signal } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    ...options,
  });
  if (status === 0) return;
  console.error(`${args.slice(0, 3).join(' ')} ended with ${signal ?? `status ${status}`}.`);
  process.exit(status ?? 1);
}
