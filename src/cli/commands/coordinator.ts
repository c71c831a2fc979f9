import { networkInterfaces } from 'node:os';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { prepareConfig } from '../../coordinator/run-folder/prepare.js';
import {
  isWildcard,
  parseSocketAddress,
  type SocketAddress,
} from '../../shared/link/socket-address.js';
import { configOptions, flagInput, readSources } from '../config-source.js';
import type { CliContext } from '../context.js';
import { textFlag, wholeNumberFlag } from '../flags.js';
import { showRun } from '../shown-run.js';

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
    'tls-cert': {
      nargs: 1,
      group: GROUP,
      describe: 'PEM file of a certificate: links are encrypted',
    },
    'tls-key': { nargs: 1, group: GROUP, describe: 'PEM file of its private key' },
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
  // Node's TLS takes a while to load: only who coordinates waits for it.
  const { certifiedUrl } = await import('../../shared/link/tls.js');
  await showRun(config, context, async (shown) => {
    const product = await context.loadProduct();
    return product.coordinate({
      ...input,
      ...shown,
      cluster,
      onListening: ({ address, tokenFile, certificate }) => {
        const url = certifiedUrl({ ...address, host: reachable(address) }, certificate);
        // For scripts, too: always, and on a line of its own.
        stderr.write(`Join with: lockstep worker --join ${url} --token-file ${tokenFile}\n`);
      },
    });
  });
}

function clusterOptions(argv: Readonly<Record<string, unknown>>) {
  return {
    listen: parseSocketAddress(textFlag(argv, 'listen') ?? DEFAULT_LISTEN),
    tokenFile: textFlag(argv, 'token-file'),
    tlsCert: textFlag(argv, 'tls-cert'),
    tlsKey: textFlag(argv, 'tls-key'),
    minWorkers: wholeNumberFlag(argv, 'min-workers', 1) ?? 1,
    expectWorkers: wholeNumberFlag(argv, 'expect-workers', 1),
    maxWorkers: wholeNumberFlag(argv, 'max-workers', 1),
    waitSeconds: wholeNumberFlag(argv, 'wait', 1) ?? DEFAULT_WAIT_SECONDS,
  };
}

/** An address of this machine that others can dial, where it listens on all. */
function reachable({ host }: SocketAddress): string {
  if (!isWildcard(host)) return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? host;
}
