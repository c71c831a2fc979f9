/** Makes a run folder, says so, and holds its lock until killed. */
import { RunFolder } from '#src/coordinator/run-folder/run-folder.js';
import { resolveConfig } from '#src/shared/config/resolve.js';

const environment = { processors: 2, now: new Date(), cwd: '/' };
const config = resolveConfig({ out: process.argv[2] }, environment);
await RunFolder.create(config, false, { notice: () => undefined });
process.stdout.write('locked\n');
setInterval(() => undefined, 1000);
