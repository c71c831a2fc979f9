import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { Prediction } from '../../shared/run-reports.js';
import { writeJson, type CliContext } from '../context.js';
import { formatPercent } from '../../shared/format.js';
import { parseImageReference } from '../image-reference.js';
import { JSON_OPTION, runUseOptions, withRunUseFlags } from './run-use.js';

interface Arguments {
  readonly run: string;
  readonly image: string[];
  readonly json: boolean | undefined;
}

/** How many classes a person is shown; --json has them all. */
const SHOWN_CLASSES = 3;

export const predictCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'predict <run> <image..>',
  describe: "Classify images with a run's newest weights",
  builder: (yargs) =>
    withRunUseFlags(yargs)
      .positional('run', { type: 'string', demandOption: true, describe: 'Run folder' })
      .positional('image', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'test:INDEX, train:INDEX, or FILE:INDEX of an IDX or CSV file',
      })
      .option('json', JSON_OPTION)
      .example('$0 predict runs/mine test:0 test:1', 'two images of the test set')
      .example('$0 predict runs/mine photos.csv:5 --json', 'the sixth row of a file, for a script'),
  handler: async (argv) => {
    const { cwd } = context.environment;
    const images = argv.image.map((text) => parseImageReference(text, cwd));
    const options = runUseOptions(argv, context);
    const product = await context.loadProduct();
    const predictions = await product.predictRun(resolve(cwd, argv.run), images, options);
    if (argv.json === true) writeJson(context.stdout, predictionJson(argv.image, predictions));
    else context.stdout.write(predictionText(argv.image, predictions));
  },
});

/** For scripts: the image as it was written, and the likeliest class by itself. */
function predictionJson(written: readonly string[], predictions: readonly Prediction[]): object[] {
  return predictions.map(({ label, classes }, i) => ({
    image: written[i],
    predicted: classes[0]?.name,
    label,
    classes,
  }));
}

function predictionText(written: readonly string[], predictions: readonly Prediction[]): string {
  const width = Math.max(...written.map((text) => text.length));
  const lines = predictions.map(({ label, classes }, i) => {
    const likeliest = classes
      .slice(0, SHOWN_CLASSES)
      .map(({ name, probability }) => `${name} ${formatPercent(probability)}`);
    const truth = label === null ? '' : `  (is ${label})`;
    return `${(written[i] ?? '').padEnd(width)}  ${likeliest.join(', ')}${truth}`;
  });
  return `${lines.join('\n')}\n`;
}
