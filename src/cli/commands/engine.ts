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
    const product = await context.loadProduct();
    const engines = await product.listEngines();
    if (argv.json === true) writeJson(context.stdout, engines);
    else context.stdout.write(engines.map(listingText).join(''));
  },
});

function listingText({ name, available, detail, remedy }: EngineListing): string {
  const status = available ? 'available' : 'not available';
  const todo = remedy === null ? '' : `  to do: ${remedy}\n`;
  return `${name}: ${status}\n  ${detail}\n${todo}`;
}

const installCommand = (context: CliContext): CommandModule<object, { readonly name: string }> => ({
  command: 'install <name>',
  describe: 'Install an engine that needs more than npm packages',
  builder: (yargs) => yargs.positional('name', { type: 'string', demandOption: true }),
  handler: async ({ name }) => {
    const product = await context.loadProduct();
    const engines = (await product.listEngines()).map((engine) => engine.name);
    const near = didYouMean(name, engines);
    const known = engines.includes(name);
    throw new LockstepError(
      'USAGE_INVALID',
      known
        ? `Engine ${name} comes with Lockstep: there is nothing to install.`
        : `There is no engine ${JSON.stringify(name)}${near === null ? '' : ` (did you mean ${near}?)`}.`,
      {
        hint: `This version has ${engines.join(', ')}, all of npm packages that are here already.`,
      },
    );
  },
});
