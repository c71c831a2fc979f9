import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { EnsembleInput } from '../../local/study/ensemble.js';
import { lastOf } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { ensembleText } from '../display/study-results.js';
import { textFlag, wholeNumberFlag } from '../flags.js';
import { JSON_OPTION } from './run-use.js';

interface Arguments {
  readonly run: string[];
  readonly json: boolean | undefined;
}

const one = (value: unknown): string => lastOf(value) as string;

export const ensembleCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'ensemble <run..>',
  describe: 'Combine trained runs: mean, majority or stacking',
  builder: (yargs) =>
    yargs
      .positional('run', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Run folders; searches (their chosen run); cross-validations (all models)',
      })
      .option('method', {
        choices: ['average', 'vote', 'stacking'],
        coerce: one,
        description: 'How they are combined',
        defaultDescription: 'the best on samples that all hold back',
      })
      .option('test', {
        choices: ['chosen', 'all', 'none'],
        coerce: one,
        description: 'What sees the test set',
        defaultDescription: 'chosen',
      })
      .option('threads', {
        nargs: 1,
        description: 'Compute threads',
        defaultDescription: "as in the runs' configurations",
      })
      .option('out', {
        nargs: 1,
        description: 'Folder to write',
        defaultDescription: 'studies/ensemble-<digest of the members>',
      })
      .option('json', JSON_OPTION)
      .example('$0 ensemble runs/a runs/b runs/c', 'by the best method on held-out samples')
      .example('$0 ensemble studies/r4-kfold studies/r5-kfold --method stacking', 'eight models'),
  handler: async (argv) => {
    const flags = argv as unknown as Record<string, unknown>;
    const { cwd } = context.environment;
    const threads = wholeNumberFlag(flags, 'threads', 1);
    const out = textFlag(flags, 'out');
    const method = textFlag(flags, 'method') as NonNullable<EnsembleInput['method']> | null;
    const test = textFlag(flags, 'test') as NonNullable<EnsembleInput['test']> | null;
    const product = await context.loadProduct();
    const results = await product.ensemble({
      members: argv.run.map((folder) => resolve(cwd, folder)),
      ...(method !== null && { method }),
      ...(test !== null && { test }),
      ...(threads !== null && { threads }),
      ...(out !== null && { out: resolve(cwd, out) }),
      notice: (text) => void context.stderr.write(`${text}\n`),
    });
    if (argv.json === true) writeJson(context.stdout, results);
    else context.stdout.write(`${ensembleText(results)}\n`);
  },
});
