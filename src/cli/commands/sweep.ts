import { basename, join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { CliContext } from '../context.js';
import { rangeTestText, sweepText } from '../display/study-results.js';
import { showStudy, withStudyFlags } from './study-use.js';

interface Arguments {
  readonly study: string;
}

export const sweepCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'sweep <study>',
  describe: 'Search a space of configurations, or go on with a search',
  builder: (yargs) =>
    withStudyFlags(yargs, 'studies/<name of the file>')
      .positional('study', { type: 'string', demandOption: true, describe: 'JSON file: the study' })
      .example('$0 sweep studies/grid.json', 'every combination, or as many as the budget allows')
      .example('$0 sweep grid.json --parallel 4 --threads 2', 'four runs side by side')
      .epilog('Started again, a search goes on where it was. docs/studies.md has the form of the file.'), // prettier-ignore
  handler: async (argv) => {
    const product = await context.loadProduct();
    const study = await product.readStudy(argv.study, context.environment.cwd);
    const name = basename(argv.study).replace(/\.json$/i, '');
    await showStudy(
      argv as never,
      context,
      join('studies', name),
      (options) => product.sweep(study, options),
      {
        text: (results) =>
          results.search === 'rangeTest' ? rangeTestText(results) : sweepText(results),
        runs: (results) => (results.search === 'rangeTest' ? [] : results.runs),
      },
    );
  },
});
