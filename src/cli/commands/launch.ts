import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { prepareConfig } from '../../coordinator/run-folder/prepare.js';
import { version } from '../../shared/version.js';
import { lastOf } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { dataProgressDisplay } from '../data-progress.js';
import { chooseDisplay } from '../display/choose.js';
import { summaryLines } from '../display/lines.js';
import { catchInterrupts } from '../interrupt.js';

interface Arguments {
  readonly file: string;
}

export const launchCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'launch <file>',
  describe: 'Start coordinator and workers of a cluster file, here and over ssh',
  builder: (yargs) => launchOptions(yargs),
  handler: (argv) => launch(argv, context),
});

function launchOptions(yargs: Argv): Argv<Arguments> {
  yargs.options({
    slurm: { type: 'boolean', describe: 'Print an sbatch script instead, and start nothing' },
    kubernetes: {
      type: 'boolean',
      conflicts: 'slurm',
      describe: 'Print Kubernetes manifests instead, and start nothing',
    },
    image: {
      nargs: 1,
      describe: 'Container image of the manifests',
      defaultDescription: 'lockstep:VERSION',
    },
  });
  return yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'JSON file: the cluster' })
    .example('$0 launch cluster.json', 'train on all machines that the file names')
    .epilog('This process coordinates; Ctrl-C ends the run with a checkpoint, and all workers.');
}

async function launch(argv: ArgumentsCamelCase<Arguments>, context: CliContext): Promise<void> {
  const { environment, stderr } = context;
  const product = await context.loadProduct();
  const cluster = await product.readCluster(argv.file, environment.cwd);
  const nameOf = (key: string): string => `train.${key} in ${argv.file}`;
  const config = await prepareConfig(cluster.train, environment, nameOf);
  if (lastOf(argv['slurm']) === true) {
    context.stdout.write(product.slurmScript(cluster));
    return;
  }
  if (lastOf(argv['kubernetes']) === true) {
    const image = lastOf(argv['image']);
    const name = typeof image === 'string' ? image : `lockstep:${version()}`;
    context.stdout.write(product.kubernetesManifests(cluster, name));
    return;
  }
  const display = chooseDisplay(config, context);
  const interrupts = catchInterrupts(display.notice);
  const fetching = dataProgressDisplay(stderr, config.quiet);
  const paint = prefixPaint(config.json ? stderr : context.stdout);
  try {
    const summary = await product.launch({
      cluster,
      observer: display,
      signal: interrupts.signal,
      onDataProgress: fetching.onProgress,
      onLine: (name, line) => {
        display.notice(`${paint(`${name} |`)} ${line}`);
      },
    });
    display.close();
    if (config.json) writeJson(context.stdout, summary);
    else context.stdout.write(`${summaryLines(summary).join('\n')}\n`);
  } finally {
    interrupts.stop();
    fetching.close();
    display.close();
  }
}

const prefixPaint = (stream: NodeJS.WriteStream) => {
  const colours = stream.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return (text: string): string => (colours ? `\u001B[36m${text}\u001B[39m` : text);
};
