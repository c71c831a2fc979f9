import type { Argv } from 'yargs';
import { parseKeys } from '../../shared/config/parse.js';
import { configError } from '../../shared/config/faults.js';
import { flagOf } from '../../shared/config/flags.js';
import { absolutePaths } from '../../shared/config/resolve.js';
import { WEIGHT_CHOICES, type RunUseOptions, type WeightChoice } from '../../shared/run-reports.js';
import { configOptions, flagInput, lastOf } from '../config-source.js';
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
  yargs.options(flags).option('weights', {
    choices: WEIGHT_CHOICES,
    coerce: (value: unknown) => lastOf(value) as WeightChoice,
    description: 'The last ones, those of the best evaluation, or without their average (raw)',
    defaultDescription: 'those that the run ends with',
    group: 'Data and output',
  });
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
    ...(argv['weights'] === undefined ? {} : { weights: argv['weights'] as WeightChoice }),
    notice: (text) => void context.stderr.write(`${text}\n`),
  };
}
