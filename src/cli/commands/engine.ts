import type { CommandModule } from 'yargs';
import { didYouMean } from '../../shared/config/did-you-mean.js';
import { LockstepError } from '../../shared/errors.js';
import type { EngineListing } from '../../shared/run-reports.js';
import { writeJson, type CliContext } from '../context.js';

export const engineCommand = (context: CliContext): CommandModule => ({
  command: 'engine',
  describe: 'What computes gradients here',
  builder: (yargs) =>
    yargs
      .command(listCommand(context))
      .command(installCommand(context))
      .demandCommand(1, 'engine needs list or install.')
      .example('$0 engine list', 'which engines are there, and why others are not'),
  handler: () => undefined,
});

const listCommand = (
  context: CliContext,
): CommandModule<object, { readonly json: boolean | undefined }> => ({
  command: 'list',
  describe: 'Engines that are there; for others why not, and what to do',
  builder: (yargs) => yargs.option('json', { type: 'boolean', description: 'Print as JSON' }),
  handler: async (argv) => {
    const product = await context.loadEngines();
    const engines = await product.listEngines();
    if (argv.json === true) writeJson(context.stdout, engines);
    else context.stdout.write(engines.map(listingText).join(''));
  },
});

function listingText({ name, available, detail, remedy, gpus }: EngineListing): string {
  const status = available ? 'available' : 'not available';
  const todo = (what: string | null) => (what === null ? '' : `  to do: ${what}\n`);
  const ofGpus = gpus === null ? '' : `  GPUs: ${gpus.detail}\n${todo(gpus.remedy)}`;
  return `${name}: ${status}\n  ${detail}\n${todo(remedy)}${ofGpus}`;
}

interface InstallFlags {
  readonly name: string;
  readonly from: string | undefined;
  readonly gpu: boolean | undefined;
  readonly 'without-driver': boolean | undefined;
}

const installCommand = (context: CliContext): CommandModule<object, InstallFlags> => ({
  command: 'install <name>',
  describe: 'Install an engine that needs more than npm packages: tensorflow',
  builder: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true })
      .option('from', {
        type: 'string',
        requiresArg: true,
        description:
          "Folder with the wheel of tensorflow-cpu (with --gpu: of tensorflow, and NVIDIA's), or with the installed Python package",
      })
      .option('gpu', {
        type: 'boolean',
        description: "For NVIDIA's GPUs too: TensorFlow with CUDA, and its libraries",
      })
      .option('without-driver', {
        type: 'boolean',
        description: 'With --gpu: although this machine has no GPU, for others that have',
      })
      .example('$0 engine install tensorflow', "TensorFlow's library, and the binding to it")
      .example('$0 engine install tensorflow --gpu', 'the same with CUDA, for GPUs'),
  handler: async ({ name, from, gpu = false, 'without-driver': withoutDriver = false }) => {
    if (withoutDriver && !gpu) {
      throw new LockstepError('USAGE_INVALID', '--without-driver belongs to --gpu.', {
        hint: 'See --help.',
      });
    }
    const product = await context.loadEngines();
    if (name === 'tensorflow') {
      const { tensorflow, devices, folder, cuda } = await product.installTensorflow({
        from: from ?? null,
        env: process.env,
        say: (text) => context.stderr.write(`${text}\n`),
        ...{ gpu, withoutDriver },
      });
      const build = cuda === null ? '' : ` with CUDA ${cuda.version} and cuDNN ${cuda.cudnn}`;
      const untried =
        cuda !== null && !devices.includes('GPU') ? ' It was not tried on a GPU.' : '';
      context.stdout.write(
        `TensorFlow ${tensorflow}${build} is installed in ${folder}, on ${devices.join(', ')}.${untried}\n`,
      );
      return;
    }
    const engines = (await product.listEngines()).map((engine) => engine.name);
    const near = didYouMean(name, engines);
    const known = engines.includes(name);
    throw new LockstepError(
      'USAGE_INVALID',
      known
        ? `Engine ${name} comes with Lockstep: there is nothing to install.`
        : `There is no engine ${JSON.stringify(name)}${near === null ? '' : ` (did you mean ${near}?)`}.`,
      {
        hint: `This version has ${engines.join(', ')}; only tensorflow needs installing.`,
      },
    );
  },
});
