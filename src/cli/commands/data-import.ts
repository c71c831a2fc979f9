/** `lockstep data import`: photographs into a data set. */
import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { parseShape } from '../../shared/data/image-shape.js';
import { LockstepError } from '../../shared/errors.js';
import { FITS, type Fit } from '../../shared/photos/fit.js';
import { parseColour } from '../../shared/photos/photo-options.js';
import { lastOf, numberOrText } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { textFlag, wholeNumberFlag } from '../flags.js';
import { catchInterrupts } from '../interrupt.js';

interface Arguments {
  readonly source: string;
  readonly out: string;
  readonly fit: Fit;
  readonly grey: boolean;
  readonly normalize: boolean;
  readonly invert: boolean;
  readonly 'skip-faulty': boolean;
  readonly force: boolean;
  readonly json: boolean;
}

export const importCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'import <source>',
  describe: 'make a data set of photographs: PNG and JPEG',
  builder: (yargs) =>
    yargs
      .positional('source', {
        type: 'string',
        demandOption: true,
        describe: 'a folder with a folder for each class; or a table of photographs, NAME.csv',
      })
      .option('out', {
        nargs: 1,
        demandOption: true,
        coerce: (value: unknown) => lastOf(value) as string,
        describe: 'folder to make: the data set, for --data',
      })
      .option('resize', { nargs: 1, describe: 'HEIGHTxWIDTH of every image, such as 28x28' })
      .option('fit', {
        choices: FITS,
        default: 'contain' as const,
        coerce: (value: unknown) => lastOf(value) as Fit,
        describe: 'whole on the background, filled and cut off, or out of proportion',
      })
      .option('background', {
        nargs: 1,
        describe: 'white, black or #rrggbb: around photographs, and behind transparent ones',
        defaultDescription: 'white',
      })
      .option('grey', { alias: 'gray', type: 'boolean', default: false, describe: 'one channel' })
      .option('normalize', {
        type: 'boolean',
        default: false,
        describe: 'stretch the values of each photograph to 0 … 255',
      })
      .option('invert', { type: 'boolean', default: false, describe: '255 minus each value' })
      .option('test', {
        nargs: 1,
        describe: 'share of every class that is put aside for testing, below 1',
        defaultDescription: '0.2, or what folders train and test say',
      })
      .option('seed', {
        nargs: 1,
        describe: 'of the draw of test images',
        defaultDescription: '0',
      })
      .option('photo-column', {
        nargs: 1,
        describe: 'of a table: path of a photograph, or a pattern such as images/{id}.jpg',
        defaultDescription: 'file',
      })
      .option('label-column', {
        nargs: 1,
        describe: 'of a table: class',
        defaultDescription: 'label',
      })
      .option('split-column', { nargs: 1, describe: 'of a table: train or test' })
      .option('recode', {
        nargs: 1,
        describe: 'other classes: fashion-product-images, or a JSON file of your own',
      })
      .option('skip-faulty', {
        type: 'boolean',
        default: false,
        describe: 'leave photographs out that cannot be used',
      })
      .option('processes', {
        nargs: 1,
        describe: 'decode in so many processes',
        defaultDescription: `${String(context.environment.processors)}, the processors here`,
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'replace an earlier import in the folder',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print JSON' })
      .example('$0 data import photos --out my-images --resize 32x32', 'FOLDER/CLASS/NAME.jpg')
      .example(
        '$0 data import fpi --recode fashion-product-images --grey --invert --resize 28x28 --out fpi-28',
        'Photographs of a shop as Fashion-MNIST has them',
      )
      .epilogue(
        'All of it is done once, here, to the same bytes on every machine; ' +
          'train, evaluate and explore then take the folder with --data.',
      ),
  handler: (argv) => run(argv, context),
});

async function run(argv: Arguments, context: CliContext): Promise<void> {
  const { importPhotos } = await import('../../coordinator/photos/import-photos.js');
  const { importProgressDisplay } = await import('../import-progress.js');
  const { formatImport } = await import('../display/import.js');
  const { cwd } = context.environment;
  const flags = argv as unknown as Record<string, unknown>;
  const columns = {
    photo: photoPattern(textFlag(flags, 'photo-column') ?? 'file'),
    label: textFlag(flags, 'label-column') ?? 'label',
    split: textFlag(flags, 'split-column'),
  };
  const resize = textFlag(flags, 'resize');
  const background = parseColour(textFlag(flags, 'background') ?? 'white');
  const recode = await recodeOf(textFlag(flags, 'recode'), cwd);
  const { fit, grey, normalize, invert, force, 'skip-faulty': skipFaulty } = argv;
  const testShare = shareFlag(textFlag(flags, 'test'));
  const display = importProgressDisplay(context.stderr);
  const interrupts = catchInterrupts((line) => {
    display.close();
    context.stderr.write(`${line.replace(/:.*/, ': ending the import.')}\n`);
  });
  try {
    const report = await importPhotos({
      source: resolve(cwd, argv.source),
      out: resolve(cwd, argv.out),
      photos: {
        ...{ grey, fit, background, normalize, invert },
        resize: resize === null ? null : sizesOf(resize),
      },
      ...{ columns, recode, testShare, skipFaulty, force },
      seed: wholeNumberFlag(flags, 'seed', 0) ?? 0,
      processes: wholeNumberFlag(flags, 'processes', 1),
      onProgress: display.onProgress,
      signal: interrupts.signal,
    });
    display.close();
    if (argv.json) writeJson(context.stdout, report);
    else context.stdout.write(`${formatImport(report)}\n`);
  } finally {
    display.close();
    interrupts.stop();
  }
}

/** A column's name alone is a pattern of that column. */
const photoPattern = (text: string): string => (text.includes('{') ? text : `{${text}}`);

async function recodeOf(name: string | null, cwd: string) {
  if (name === null) return null;
  const { loadRecode } = await import('../../coordinator/photos/load-recode.js');
  return loadRecode(name, cwd);
}

function sizesOf(text: string): { height: number; width: number } {
  const { height, width } = parseShape(text);
  if (/^\d+x\d+$/.test(text.trim())) return { height, width };
  throw new LockstepError('USAGE_INVALID', `--resize: expected HEIGHTxWIDTH, got "${text}".`, {
    hint: 'Channels follow from --grey: one with it, three without.',
  });
}

function shareFlag(text: string | null): number | null {
  if (text === null) return null;
  const share = numberOrText(text);
  if (typeof share === 'number' && share > 0 && share < 1) return share;
  throw new LockstepError(
    'USAGE_INVALID',
    `--test: expected a share above 0 and below 1, got ${JSON.stringify(text)}.`,
    { hint: 'See --help.' },
  );
}
