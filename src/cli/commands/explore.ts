import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { CliContext } from '../context.js';
import { textFlag, wholeNumberFlag } from '../flags.js';

interface Arguments {
  readonly data: string | undefined;
}

const MOST_POINTS = 20_000;

export const exploreCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'explore [data]',
  describe: 'A page of HTML about a data set: balance, images, pixels, t-SNE',
  builder: (yargs) =>
    yargs
      .positional('data', {
        type: 'string',
        describe: 'Folder with IDX or CSV files; Fashion-MNIST where it is left out',
      })
      .option('points', {
        nargs: 1,
        description: `Images that t-SNE arranges, at most ${String(MOST_POINTS)}; 0: no t-SNE`,
        defaultDescription: '2000',
      })
      .option('seed', {
        nargs: 1,
        description: 'Which images are drawn',
        defaultDescription: '0',
      })
      .option('out', { nargs: 1, description: 'File to write', defaultDescription: 'explore.html' })
      .example('$0 explore', 'Fashion-MNIST')
      .example('$0 explore my-images --points 10000 --out mine.html', 'takes minutes'),
  handler: async (argv) => {
    const { writeReport, refuseForeignFile } = await import('../report-file.js');
    const { cwd } = context.environment;
    const flags = argv as unknown as Record<string, unknown>;
    const points = wholeNumberFlag(flags, 'points', 0) ?? 2000;
    const seed = wholeNumberFlag(flags, 'seed', 0) ?? 0;
    const file = resolve(cwd, textFlag(flags, 'out') ?? 'explore.html');
    await refuseForeignFile(file);
    const product = await context.loadProduct();
    const page = await product.exploreData({
      ...(argv.data !== undefined && { data: resolve(cwd, argv.data) }),
      points: Math.min(points, MOST_POINTS),
      seed,
      onNotice: (text) => context.stderr.write(`${text}\n`),
      onShare: tenths((text) => context.stderr.write(text)),
    });
    await writeReport(file, page);
    context.stdout.write(`${file}\n`);
  },
});

/** A line for each tenth of the work. */
function tenths(write: (text: string) => void): (share: number) => void {
  let told = 0;
  return (share) => {
    const tenth = Math.floor(share * 10);
    if (tenth <= told) return;
    told = tenth;
    write(`t-SNE: ${String(tenth * 10)} %\n`);
  };
}
