import { basename, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { CONFIG_KEYS, type ConfigInput, type ConfigKey } from '../../shared/config/schema.js';
import { configOptions, flagInput, readSources } from '../config-source.js';
import type { CliContext } from '../context.js';
import { foldsText } from '../display/study-results.js';
import { showStudy, withStudyFlags } from './study-use.js';

interface Arguments {
  readonly config: string | undefined;
}

/** Of the study itself, or decided by it. */
const OWN: readonly ConfigKey[] = [
  ...(['threads', 'out', 'resume', 'quiet', 'json', 'dryRun'] as const),
  ...(['validation', 'fold'] as const),
];
const KEYS = CONFIG_KEYS.filter((key) => !OWN.includes(key));

const DEFAULT_FOLDS = 5;

export const kfoldCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'kfold [config]',
  describe: 'Cross-validation: train and validate once for each fold',
  builder: (yargs) => {
    const options = configOptions(KEYS);
    options['folds'] = { ...options['folds'], defaultDescription: String(DEFAULT_FOLDS) };
    yargs.options(options);
    return withStudyFlags(yargs, 'studies/<name of the file>-kfold')
      .positional('config', { type: 'string', describe: 'JSON file of configuration keys' })
      .example('$0 kfold recipes/r4.json --folds 3', 'three folds')
      .example('$0 kfold --model mlp --folds 10 --validation-split plain', 'ten, not stratified');
  },
  handler: async (argv) => {
    const { environment } = context;
    const { input } = await readSources(argv.config, flagInput(only(argv, KEYS)), environment.cwd);
    const config = input as ConfigInput;
    const { folds, ...rest } = config;
    // A recipe's share to validate on is what the folds take the place of.
    delete rest.validation;
    const product = await context.loadProduct();
    const name = basename(argv.config ?? rest.model ?? 'lenet5').replace(/\.\w+$/, '');
    await showStudy(
      argv as never,
      context,
      join('studies', `${name}-kfold`),
      (options) => product.kfold({ config: rest, folds: folds ?? DEFAULT_FOLDS }, options),
      { text: foldsText, runs: ({ runs }) => runs },
    );
  },
});

/** The arguments without flags that mean something else here. */
export function only(argv: object, keys: readonly ConfigKey[]): Readonly<Record<string, unknown>> {
  const allowed = new Set(Object.keys(configOptions(keys)));
  return Object.fromEntries(Object.entries(argv).filter(([flag]) => allowed.has(flag)));
}
