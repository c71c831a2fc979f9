import type { Argv } from 'yargs';
import { parseKeys } from '../../shared/config/parse.js';
import { configError } from '../../shared/config/faults.js';
import { flagOf } from '../../shared/config/flags.js';
import { absolutePaths } from '../../shared/config/resolve.js';
import type { RunUseOptions } from '../../shared/run-reports.js';
import { configOptions, flagInput } from '../config-source.js';
import type { CliContext } from '../context.js';

export const JSON_OPTION = {
  type: 'boolean',
  description: 'Print the result as JSON',
  group: 'Data and output',
} as const;

/** Adds the flags that evaluate and predict share; what they leave out is as in the run. */
export function withRunUseFlags<T>(yargs: Argv<T>): Argv<T> {
  const flags = configOptions(['threads', 'data']);
  for (const option of Object.values(flags)) {
    option.defaultDescription = "as in the run's configuration";
  }
  // The flags are read from argv by their names: their types stay out of T.
  yargs.options(flags);
  return yargs;
}

/** @throws LockstepError CONFIG_INVALID where a flag has a wrong value. */
export function runUseOptions(
  argv: Readonly<Record<string, unknown>>,
  context: CliContext,
): RunUseOptions {
  const { values, faults } = parseKeys(flagInput(argv), (key) => `--${flagOf(key)}`);
  if (faults.length > 0) throw configError(faults);
  const { threads, data } = absolutePaths(values, context.environment.cwd);
  return {
    ...(typeof threads === 'number' ? { threads } : {}),
    ...(typeof data === 'string' ? { data } : {}),
    notice: (text) => void context.stderr.write(`${text}\n`),
  };
}
