import type { ResolvedConfig } from '../../shared/config/schema.js';
import type { CliContext } from '../context.js';
import { silentDisplay, type Display } from './display.js';
import { paintFor } from './lines.js';
import { liveDisplay } from './live.js';
import { plainDisplay } from './plain.js';

/** Live on a terminal, plain lines elsewhere; on standard error where JSON takes the other. */
export function chooseDisplay(
  config: Pick<ResolvedConfig, 'quiet' | 'json'>,
  context: CliContext,
  env: NodeJS.ProcessEnv = process.env,
): Display {
  if (config.quiet) return silentDisplay;
  const stream = config.json ? context.stderr : context.stdout;
  const live = stream.isTTY && env['TERM'] !== 'dumb';
  return live ? liveDisplay(stream, paintFor(stream, env)) : plainDisplay(stream);
}
