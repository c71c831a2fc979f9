import { join, resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { CliContext } from '../context.js';
import { textFlag } from '../flags.js';
import { runUseOptions, withRunUseFlags } from './run-use.js';

interface Arguments {
  readonly run: string[];
}

export const reportCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'report <run..>',
  describe: 'A page of HTML about a run, several compared, or a study',
  builder: (yargs) =>
    withRunUseFlags(yargs)
      .positional('run', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Run folders, or the folder of one study',
      })
      .option('out', {
        type: 'string',
        nargs: 1,
        description: 'File to write',
        defaultDescription: 'report.html in the run folder; of several runs, here',
        group: 'Data and output',
      })
      .example('$0 report runs/mine', 'curves, scores, images and feature maps')
      .example('$0 report studies/grid', 'a search as tables and charts')
      .example('$0 report runs/a runs/b --out compared.html', 'two runs side by side'),
  handler: async (argv) => {
    const { writeReport, refuseForeignFile } = await import('../report-file.js');
    const { cwd } = context.environment;
    const folders = argv.run.map((folder) => resolve(cwd, folder));
    const [only] = folders as [string];
    const standard = join(folders.length === 1 ? only : cwd, 'report.html');
    const file = resolve(cwd, textFlag(argv as never, 'out') ?? standard);
    await refuseForeignFile(file);
    const product = await context.loadProduct();
    await writeReport(
      file,
      await product.reportRuns(folders, runUseOptions(argv as never, context)),
    );
    context.stdout.write(`${file}\n`);
  },
});
