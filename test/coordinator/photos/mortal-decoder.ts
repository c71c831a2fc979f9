/** In the place of a decoder: what befalls it is told by the path. */
import { existsSync, writeFileSync } from 'node:fs';
import type { ToDecoder } from '#src/coordinator/photos/photo-messages.js';

process.on('message', (message: ToDecoder) => {
  if (message.kind === 'begin') return;
  for (const path of message.paths) {
    if (path === 'exits') process.exit(3);
    if (path === 'stalls') return;
    if (path.startsWith('/') && !existsSync(path)) {
      writeFileSync(path, 'tried');
      process.exit(5);
    }
    if (path === 'is killed') process.kill(process.pid, 'SIGKILL');
    if (path === 'speaks last') {
      process.stderr.write('out of luck\n', () => process.exit(4));
      return;
    }
  }
  const outcomes = message.paths.map((path) => ({
    ...{ height: 1, width: 1, channels: 1 },
    pixels: Uint8Array.from([parseInt(path) || 0]),
  }));
  process.send!({ kind: 'decoded', outcomes }, () => {
    if (message.paths.some((path) => path.endsWith('then ends'))) process.exit(6);
  });
});
process.on('disconnect', () => process.exit());
