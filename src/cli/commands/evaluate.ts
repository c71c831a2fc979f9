import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { EvaluateOptions } from '../../shared/run-reports.js';
import { lastOf } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { evaluationText } from '../display/evaluation.js';
import { JSON_OPTION, runUseOptions, withRunUseFlags } from './run-use.js';

interface Arguments {
  readonly run: string;
  readonly set: string;
  readonly robustness: boolean;
  readonly json: boolean | undefined;
}

const SETS: Readonly<Record<string, EvaluateOptions['sets']>> = {
  all: 'all',
  test: ['test'],
  validation: ['validation'],
  train: ['train'],
  both: ['train', 'test'],
};

export const evaluateCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'evaluate <run>',
  describe: "Loss, accuracy and scores by class of a run's newest weights",
  builder: (yargs) =>
    withRunUseFlags(yargs)
      .positional('run', { type: 'string', demandOption: true, describe: 'Run folder' })
      .option('set', {
        choices: Object.keys(SETS),
        default: 'all',
        coerce: (value: unknown) => lastOf(value) as string,
        description: 'Which images to evaluate on',
      })
      .option('robustness', {
        type: 'boolean',
        default: false,
        description: 'Also on changed test images: background, size, place, noise',
        group: 'Data and output',
      })
      .option('json', JSON_OPTION)
      .example('$0 evaluate runs/mine', 'on every set of the run')
      .example('$0 evaluate runs/mine --set test --json', 'for a script')
      .example('$0 evaluate runs/mine --set test --robustness', 'does it hold on other pictures?'),
  handler: async (argv) => {
    const options = runUseOptions(argv, context);
    const folder = resolve(context.environment.cwd, argv.run);
    const product = await context.loadProduct();
    const report = await product.evaluateRun(folder, {
      ...options,
      sets: SETS[argv.set]!,
      robustness: argv.robustness,
    });
    if (argv.json === true) writeJson(context.stdout, report);
    else context.stdout.write(evaluationText(report));
  },
});
