import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { EvaluateOptions, EvaluationReport } from '../../shared/run-reports.js';
import { lastOf } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { formatCount, formatLoss, formatPercent } from '../display/format.js';
import { JSON_OPTION, runUseOptions, withRunUseFlags } from './run-use.js';

interface Arguments {
  readonly run: string;
  readonly set: string;
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
  describe: "Loss and accuracy of a run's newest weights",
  builder: (yargs) =>
    withRunUseFlags(yargs)
      .positional('run', { type: 'string', demandOption: true, describe: 'Run folder' })
      .option('set', {
        choices: Object.keys(SETS),
        default: 'all',
        coerce: (value: unknown) => lastOf(value) as string,
        description: 'Which images to evaluate on',
      })
      .option('json', JSON_OPTION)
      .example('$0 evaluate runs/mine', 'on every set of the run')
      .example('$0 evaluate runs/mine --set test --json', 'for a script'),
  handler: async (argv) => {
    const options = runUseOptions(argv, context);
    const folder = resolve(context.environment.cwd, argv.run);
    const product = await context.loadProduct();
    const report = await product.evaluateRun(folder, { ...options, sets: SETS[argv.set]! });
    if (argv.json === true) writeJson(context.stdout, report);
    else context.stdout.write(evaluationText(report));
  },
});

function evaluationText(report: EvaluationReport): string {
  const width = Math.max(...report.sets.map(({ set }) => set.length));
  const sets = report.sets.map(
    ({ set, samples, loss, accuracy }) =>
      `${set.padEnd(width)}  loss ${formatLoss(loss)}  accuracy ${formatPercent(accuracy)}  (${formatCount(samples)} samples)`,
  );
  const weights = `step ${formatCount(report.step)}, weights ${report.weightsDigest}`;
  return `${[...sets, weights].join('\n')}\n`;
}
