#!/usr/bin/env node
import { processContext } from './context.js';
import { runCli } from './run-cli.js';

// A reader that has gone (`lockstep train | head`) ends the display, not the training.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), processContext());
