import { networkInterfaces } from 'node:os';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { prepareConfig } from '../../coordinator/run-folder/prepare.js';
import {
  formatSocketAddress,
  parseSocketAddress,
  type SocketAddress,
} from '../../shared/link/socket-address.js';
import { configOptions, flagInput, lastOf, readSources } from '../config-source.js';
import { writeJson, type CliContext } from '../context.js';
import { dataProgressDisplay } from '../data-progress.js';
import { chooseDisplay } from '../display/choose.js';
import { summaryLines } from '../display/lines.js';
import { catchInterrupts } from '../interrupt.js';
import { wholeNumber } from '../numbers.js';

interface Arguments {
  readonly config: string | undefined;
}

const GROUP = 'Cluster';
const DEFAULT_LISTEN = '127.0.0.1:7333';
const DEFAULT_WAIT_SECONDS = 300;

export const coordinatorCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'coordinator [config]',
  describe: 'Train on workers that join over the network',
  builder: (yargs) => coordinatorOptions(yargs),
  handler: (argv) => coordinate(argv, context),
});

function coordinatorOptions(yargs: Argv): Argv<Arguments> {
  yargs.options(configOptions());
  yargs.options({
    listen: {
      nargs: 1,
      group: GROUP,
      describe: 'Where workers join: HOST:PORT; 0.0.0.0 for all addresses, port 0 for a free one',
      defaultDescription: DEFAULT_LISTEN,
    },
    'token-file': {
      nargs: 1,
      group: GROUP,
      describe: 'File with the token that lets workers in',
      defaultDescription: "made in the run's folder",
    },
    'min-workers': {
      nargs: 1,
      group: GROUP,
      describe: 'The run waits while there are fewer',
      defaultDescription: '1',
    },
    'expect-workers': {
      nargs: 1,
      group: GROUP,
      describe: 'Start as soon as so many are there; else after 5 seconds',
    },
    'max-workers': { nargs: 1, group: GROUP, describe: 'Refuse those above so many' },
    wait: {
      nargs: 1,
      group: GROUP,
      describe: 'Seconds to wait for enough workers before the run ends',
      defaultDescription: String(DEFAULT_WAIT_SECONDS),
    },
  });
  return yargs
    .positional('config', { type: 'string', describe: 'JSON file of configuration keys' })
    .example('$0 coordinator --listen 0.0.0.0:7333 --expect-workers 3', 'wait for three machines')
    .example('$0 coordinator --resume runs/mine', 'go on with a run')
    .epilog('Takes all flags of train. It computes nothing: start workers, here too.');
}

async function coordinate(argv: ArgumentsCamelCase<Arguments>, context: CliContext): Promise<void> {
  const { environment, stderr } = context;
  const cluster = clusterOptions(argv);
  const { input, nameOf } = await readSources(argv.config, flagInput(argv), environment.cwd);
  const config = await prepareConfig(input, environment, nameOf);
  const display = chooseDisplay(config, context);
  const interrupts = catchInterrupts(display.notice);
  const fetching = dataProgressDisplay(stderr, config.quiet);
  try {
    const product = await context.loadProduct();
    const summary = await product.coordinate({
      ...input,
      observer: display,
      signal: interrupts.signal,
      onDataProgress: fetching.onProgress,
      cluster,
      onListening: ({ address, tokenFile }) => {
        const url = `ws://${formatSocketAddress({ ...address, host: reachable(address) })}`;
        // For scripts, too: always, and on a line of its own.
        stderr.write(`Join with: lockstep worker --join ${url} --token-file ${tokenFile}\n`);
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

function clusterOptions(argv: Readonly<Record<string, unknown>>) {
  const text = (flag: string): string | null => {
    const value = lastOf(argv[flag]);
    return typeof value === 'string' ? value : null;
  };
  const number = (flag: string, least: number): number | null =>
    wholeNumber(`--${flag}`, text(flag), least);
  return {
    listen: parseSocketAddress(text('listen') ?? DEFAULT_LISTEN),
    tokenFile: text('token-file'),
    minWorkers: number('min-workers', 1) ?? 1,
    expectWorkers: number('expect-workers', 1),
    maxWorkers: number('max-workers', 1),
    waitSeconds: number('wait', 1) ?? DEFAULT_WAIT_SECONDS,
  };
}

/** An address of this machine that others can dial, where it listens on all. */
function reachable({ host }: SocketAddress): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? host;
}
