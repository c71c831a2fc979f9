import { basename, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { CONFIG_KEYS, type ConfigInput, type ConfigKey } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import { configOptions, flagInput, numberOrText, readSources } from '../config-source.js';
import type { CliContext } from '../context.js';
import { scaleText } from '../display/study-results.js';
import { textFlag } from '../flags.js';
import { only } from './kfold.js';
import { showStudy, withStudyFlags } from './study-use.js';

interface Arguments {
  readonly config: string | undefined;
}

/** Of the study itself, or what it varies. */
const OWN: readonly ConfigKey[] = [
  ...(['threads', 'out', 'resume', 'quiet', 'json', 'dryRun'] as const),
  ...(['batchSize', 'epochs', 'steps', 'folds', 'fold'] as const),
];
const KEYS = CONFIG_KEYS.filter((key) => !OWN.includes(key));

export const scaleCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'scale [config]',
  describe: 'Measure this machine: threads × batch × epochs',
  builder: (yargs) => {
    yargs.options(configOptions(KEYS));
    yargs.options({
      threads: { nargs: 1, description: 'Numbers of threads, such as 1,2,4', defaultDescription: '1, 2, 4 … to all processors', group: 'The study' }, // prettier-ignore
      batch: { nargs: 1, description: 'Batch sizes, such as 64,256', defaultDescription: 'of the configuration', group: 'The study' }, // prettier-ignore
      epochs: { nargs: 1, description: 'Numbers of epochs, such as 1,5', defaultDescription: 'of the configuration', group: 'The study' }, // prettier-ignore
      target: { nargs: 1, description: 'Validation accuracy to count the time to, below 1', defaultDescription: 'what all runs reach', group: 'The study' }, // prettier-ignore
    });
    return withStudyFlags(yargs, 'studies/<name of the file>-scale', true)
      .positional('config', { type: 'string', describe: 'JSON file of configuration keys' })
      .example('$0 scale recipes/r1.json --validation 0.1 --threads 1,2 --batch 64,256 --epochs 1,3', 'four runs of three epochs'); // prettier-ignore
  },
  handler: async (argv) => {
    const { environment } = context;
    const flags = argv as unknown as Record<string, unknown>;
    const { input } = await readSources(argv.config, flagInput(only(argv, KEYS)), environment.cwd);
    const { batchSize = 128, epochs: wholeEpochs, ...rest } = input as ConfigInput;
    delete rest.steps;
    const product = await context.loadProduct();
    const name = basename(argv.config ?? rest.model ?? 'lenet5').replace(/\.\w+$/, '');
    const target = textFlag(flags, 'target');
    const wish = {
      config: rest,
      threads: numbers(flags, 'threads') ?? powersOfTwo(environment.processors),
      batch: numbers(flags, 'batch') ?? [batchSize],
      epochs: numbers(flags, 'epochs') ?? [wholeEpochs ?? 10],
      target: target === null ? null : Number(numberOrText(target)),
    };
    // The list of threads is this command's own: no flag of that name for each run.
    const others = { ...flags, threads: undefined };
    await showStudy(
      others,
      context,
      join('studies', `${name}-scale`),
      (options) => product.scale(wish, options),
      { text: scaleText, runs: ({ runs }) => runs },
    );
  },
});

/** 1,2,4 as numbers; null where the flag is not given. Throws USAGE_INVALID. */
function numbers(argv: Readonly<Record<string, unknown>>, flag: string): readonly number[] | null {
  const text = textFlag(argv, flag);
  if (text === null) return null;
  if (/^\d+(,\d+)*$/.test(text)) return text.split(',').map(Number);
  throw new LockstepError(
    'USAGE_INVALID',
    `--${flag}: expected whole numbers with commas between, such as 1,2; got ${JSON.stringify(text)}.`,
    { hint: 'See --help.' },
  );
}

/** 1, 2, 4 … and the number itself. */
function powersOfTwo(most: number): readonly number[] {
  const all = [];
  for (let threads = 1; threads < most; threads *= 2) all.push(threads);
  return [...all, most];
}
