import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { prepareConfig } from '../../coordinator/run-folder/prepare.js';
import type { ResolvedConfig } from '../../shared/config/schema.js';
import { configOptions, flagInput, readSources } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { dryRunText } from '../display/dry-run.js';
import { showRun } from '../shown-run.js';

interface Arguments {
  readonly config: string | undefined;
}

export const trainCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'train [config]',
  describe: 'Train a model, or go on with a run',
  builder: (yargs) => trainOptions(yargs),
  handler: (argv) => train(argv, context),
});

function trainOptions(yargs: Argv): Argv<Arguments> {
  // Not in the chain: a record of options would blur the types of what follows.
  yargs.options(configOptions());
  return yargs
    .positional('config', { type: 'string', describe: 'JSON file of configuration keys' })
    .example('$0 train', 'LeNet-5 on Fashion-MNIST, on all processors')
    .example('$0 train --model cnn2bn --batch-size 1000 --epochs 5', 'another network')
    .example('$0 train my.json --learning-rate 0.01', 'a configuration file; flags win')
    .example('$0 train --resume runs/mine --epochs 20', 'go on with a run, for longer')
    .example('$0 train --threads 8 --dry-run', 'plan, memory and predicted time')
    .epilog('Every flag is also a key of the configuration file: --batch-size is batchSize.');
}

async function train(argv: ArgumentsCamelCase<Arguments>, context: CliContext): Promise<void> {
  const { environment } = context;
  const { input, nameOf } = await readSources(argv.config, flagInput(argv), environment.cwd);
  const config = await prepareConfig(input, environment, nameOf);
  if (config.dryRun) {
    await showPlan(input, config, context);
    return;
  }
  await showRun(config, context, async (shown) => {
    const product = await context.loadProduct();
    return product.train({ ...input, ...shown });
  });
}

async function showPlan(input: object, config: ResolvedConfig, context: CliContext): Promise<void> {
  const product = await context.loadProduct();
  const report = await product.planRun(input);
  if (config.json) writeJson(context.stdout, report);
  else context.stdout.write(dryRunText(report));
}
