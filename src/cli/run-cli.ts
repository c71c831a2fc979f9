import yargs, { type Argv, type CommandModule } from 'yargs';
import type { CliContext } from './context.js';
import { coordinatorCommand } from './commands/coordinator.js';
import { dataCommand } from './commands/data.js';
import { engineCommand } from './commands/engine.js';
import { ensembleCommand } from './commands/ensemble.js';
import { evaluateCommand } from './commands/evaluate.js';
import { exploreCommand } from './commands/explore.js';
import { launchCommand } from './commands/launch.js';
import { predictCommand } from './commands/predict.js';
import { reportCommand } from './commands/report.js';
import { kfoldCommand } from './commands/kfold.js';
import { scaleCommand } from './commands/scale.js';
import { statusCommand } from './commands/status.js';
import { sweepCommand } from './commands/sweep.js';
import { trainCommand } from './commands/train.js';
import { workerCommand } from './commands/worker.js';
import { errorText, EXIT, exitStatus } from './exit.js';
import { usageError } from './usage.js';
import { version } from '../shared/version.js';

/** What yargs objects to, until the help text is at hand to guess what was meant. */
class UsageFailure {
  constructor(readonly message: string) {}
}

/** Runs one command line to its end and answers the exit status; never throws. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await parser(args, context).parseAsync();
    return EXIT.done;
  } catch (thrown) {
    const error =
      thrown instanceof UsageFailure
        ? usageError(thrown.message, await parser(args, context).getHelp())
        : thrown;
    context.stderr.write(errorText(error));
    return exitStatus(error);
  }
}

function parser(args: readonly string[], context: CliContext): Argv {
  const root = yargs([...args])
    .scriptName('lockstep')
    .usage('$0 <command>\n\nThe same weights, bit for bit, whatever computed them.')
    .locale('en') // the texts of its errors are read in usage.ts
    .parserConfiguration({ 'parse-numbers': false })
    .version(version())
    .help()
    .alias('h', 'help')
    .wrap(Math.min(100, context.stdout.columns > 0 ? context.stdout.columns : 80))
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .demandCommand(1, 'Which command?')
    .example('$0 train', 'LeNet-5 on Fashion-MNIST, on all processors')
    .example('$0 evaluate runs/mine', 'loss and accuracy of what came out')
    .example('$0 train --help', 'every flag of a command');
  for (const command of commands(context)) root.command(command);
  return failWithCodedErrors(root);
}

function commands(context: CliContext): CommandModule[] {
  return [
    trainCommand(context),
    coordinatorCommand(context),
    workerCommand(context),
    statusCommand(context),
    launchCommand(context),
    evaluateCommand(context),
    predictCommand(context),
    reportCommand(context),
    sweepCommand(context),
    kfoldCommand(context),
    ensembleCommand(context),
    scaleCommand(context),
    exploreCommand(context),
    engineCommand(context),
    dataCommand(context),
  ] as CommandModule[];
}

/** yargs reports its own objections by a text, or by an error that it calls YError. */
function failWithCodedErrors(root: Argv): Argv {
  return root.fail((message: string | null, error: Error | undefined) => {
    if (error !== undefined && error.name !== 'YError') throw error;
    throw new UsageFailure(message ?? error?.message ?? '');
  });
}
