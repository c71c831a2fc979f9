/** `lockstep data …`: find, fetch, look at, convert and import data sets. */
import type { Argv, CommandModule } from 'yargs';
import { parseShape } from '../../shared/data/image-shape.js';
import { writeJson, type CliContext } from '../context.js';
import { importCommand } from './data-import.js';

// What the commands need is loaded by those that run: this module is part of every start.

export const dataCommand = (context: CliContext): CommandModule => ({
  command: 'data',
  describe: 'find, fetch, check, convert and import data sets',
  builder: (yargs) =>
    yargs
      .command(infoCommand(context))
      .command(fetchCommand(context))
      .command(whereCommand(context))
      .command(convertCommand(context))
      .command(importCommand(context))
      .demandCommand(1, 'data needs info, fetch, where, convert or import.')
      .example('$0 data fetch', 'Fashion-MNIST into the cache'),
  handler: () => undefined,
});

interface InfoArguments {
  readonly dir?: string | undefined;
  readonly shape?: string | undefined;
  readonly json: boolean;
}

const infoCommand = (context: CliContext): CommandModule<object, InfoArguments> => ({
  command: 'info [dir]',
  describe: 'check a data set and print sizes, images per class and checksums',
  builder: (yargs) =>
    withShape(withJson(yargs))
      .positional('dir', {
        type: 'string',
        describe: 'folder with IDX or CSV files; Fashion-MNIST where it is left out',
      })
      .example('$0 data info', 'Fashion-MNIST, where this machine has it')
      .example('$0 data info my-images --json', 'Your own set, for a script'),
  handler: async ({ dir, shape, json }) => {
    const { loadDataset } = await import('../../coordinator/data/load-dataset.js');
    const { describeDataSet } = await import('../../coordinator/data/describe.js');
    const { dataProgressDisplay } = await import('../data-progress.js');
    const { formatDataSet } = await import('../display/data-set.js');
    const sizes = shape === undefined ? undefined : parseShape(shape);
    const listener = dataProgressDisplay(context.stderr);
    const data = await loadDataset({ ...listener, data: dir, shape: sizes, fetch: false });
    const description = describeDataSet(data);
    if (json) writeJson(context.stdout, description);
    else context.stdout.write(`${formatDataSet(description)}\n`);
  },
});

interface FetchArguments {
  readonly from?: 'publisher' | 'apt' | undefined;
  readonly json: boolean;
}

const fetchCommand = (context: CliContext): CommandModule<object, FetchArguments> => ({
  command: 'fetch',
  describe: 'fetch Fashion-MNIST into the cache, where it is not there yet, and check it',
  builder: (yargs) =>
    withJson(yargs)
      .option('from', {
        choices: ['publisher', 'apt'] as const,
        describe: 'ask this source alone',
      })
      .example('$0 data fetch', "The publisher's address, or else Debian's package through apt")
      .epilogue(
        'Files that are there and sound are not fetched again. LOCKSTEP_CACHE names the cache, ' +
          'LOCKSTEP_FASHION_MNIST_URL another address with the four files.',
      ),
  handler: async ({ from, json }) => {
    const { cacheFolder } = await import('../../shared/cache-folder.js');
    const { fetchFashionMnist } =
      await import('../../coordinator/data/fetch/fetch-fashion-mnist.js');
    const { dataProgressDisplay } = await import('../data-progress.js');
    const display = dataProgressDisplay(context.stderr);
    const cache = cacheFolder(process.env);
    const origins = from === undefined ? undefined : [from];
    const fetched = await fetchFashionMnist({ ...display, cache, origins }).finally(display.close);
    if (json) writeJson(context.stdout, fetched);
    else context.stdout.write(`${fetched.folder}\n`);
  },
});

const whereCommand = (context: CliContext): CommandModule<object, { readonly json: boolean }> => ({
  command: 'where',
  describe: 'list where Fashion-MNIST is looked for, and what is there',
  builder: (yargs) => withJson(yargs),
  handler: async ({ json }) => {
    const { cacheFolder } = await import('../../shared/cache-folder.js');
    const { describeSources } = await import('../../coordinator/data/describe.js');
    const { formatSources } = await import('../display/data-set.js');
    const cache = cacheFolder(process.env);
    const sources = describeSources(cache, process.env);
    if (json) writeJson(context.stdout, { cache, sources });
    else context.stdout.write(`${formatSources(cache, sources)}\n`);
  },
});

interface ConvertArguments {
  readonly in: string;
  readonly out: string;
  readonly to?: 'idx' | 'csv' | undefined;
  readonly shape?: string | undefined;
  readonly gzip: boolean;
  readonly header: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

const convertCommand = (context: CliContext): CommandModule<object, ConvertArguments> => ({
  command: 'convert <in> <out>',
  describe: 'convert an image set from IDX to CSV or back',
  builder: (yargs) =>
    withShape(withJson(yargs))
      .positional('in', {
        type: 'string',
        demandOption: true,
        describe: 'a folder; or one .csv file, or one IDX file of images with its labels beside it',
      })
      .positional('out', {
        type: 'string',
        demandOption: true,
        describe: 'a folder; or a .csv file, for one IDX file of images',
      })
      .option('to', {
        choices: ['idx', 'csv'] as const,
        describe: 'format to write; the other one than that of <in>, if left out',
      })
      .option('gzip', { type: 'boolean', default: false, describe: 'compress IDX files' })
      .option('header', {
        type: 'boolean',
        default: true,
        describe: 'start CSV files with a header; --no-header leaves it out',
      })
      .option('force', { type: 'boolean', default: false, describe: 'write over files' })
      .example('$0 data convert ~/.cache/lockstep/fashion-mnist csv', 'Four IDX files to two CSV')
      .example('$0 data convert csv idx --gzip', 'And back'),
  handler: async (args) => {
    const { convertData } = await import('../../coordinator/data/convert.js');
    const written = convertData({
      input: args.in,
      output: args.out,
      to: args.to,
      shape: args.shape === undefined ? undefined : parseShape(args.shape),
      gzip: args.gzip,
      header: args.header,
      force: args.force,
    });
    if (args.json) writeJson(context.stdout, { written });
    else context.stdout.write(`${written.join('\n')}\n`);
  },
});

function withJson<T>(yargs: Argv<T>) {
  return yargs.option('json', { type: 'boolean', default: false, describe: 'print JSON' });
}

function withShape<T>(yargs: Argv<T>) {
  return yargs.option('shape', {
    type: 'string',
    describe: 'sizes of the images of CSV files: HEIGHTxWIDTH[xCHANNELS]',
  });
}
