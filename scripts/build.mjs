/** Makes dist/: the WebAssembly kernels, then the JavaScript. Does only what has changed. */
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf, node, ROOT } from './run.mjs';

const withTests = process.argv.includes('--tests');
node(['scripts/build-kernels.mjs', '--check']);
node([commandOf('typescript', 'tsc'), '-b', withTests ? 'test' : '.']);
const main = join(ROOT, 'dist/cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
