import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { prepareConfig } from '../../coordinator/run-folder/prepare.js';
import { version } from '../../shared/version.js';
import { lastOf } from '../config-source.js';
import type { CliContext } from '../context.js';
import { showRun } from '../shown-run.js';

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
  const paint = prefixPaint(config.json ? stderr : context.stdout);
  await showRun(config, context, (shown) =>
    product.launch({
      ...shown,
      cluster,
      onLine: (name, line) => {
        shown.observer.notice(`${paint(`${name} |`)} ${line}`);
      },
    }),
  );
}

const prefixPaint = (stream: NodeJS.WriteStream) => {
  const colours = stream.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return (text: string): string => (colours ? `\u001B[36m${text}\u001B[39m` : text);
};
