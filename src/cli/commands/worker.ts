import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { WorkInput } from '../../local/work.js';
import { gpusFault, GPUS_PATTERN, gpuWishOf, type GpuWish } from '../../shared/config/gpus.js';
import { ENGINE_NAMES } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import { parseSocketAddress } from '../../shared/link/socket-address.js';
import { lastOf } from '../config-source.js';
import { printable } from '../display/printable.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit.js';
import { catchInterrupts } from '../interrupt.js';
import { textFlag, wholeNumberFlag } from '../flags.js';

interface Arguments {
  readonly join: string;
  readonly tokenFile: string;
}

const DEFAULT_WAIT_SECONDS = 60;

export const workerCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'worker',
  describe: 'Work for a run: join its coordinator, compute a share',
  builder: (yargs) => workerOptions(yargs, context),
  handler: (argv) => work(argv, context),
});

function workerOptions(yargs: Argv, context: CliContext): Argv<Arguments> {
  yargs.options({
    join: {
      nargs: 1,
      demandOption: true,
      describe: 'Address of the coordinator, as it prints it: ws[s]://HOST:PORT',
    },
    'token-file': {
      nargs: 1,
      demandOption: true,
      describe: 'File with the token of the run',
    },
    'tls-ca': {
      nargs: 1,
      describe: 'PEM file of the authority to trust at a wss address',
      defaultDescription: "the system's",
    },
    threads: {
      nargs: 1,
      describe: 'Compute threads',
      defaultDescription: `${context.environment.processors}, the processors here; or one for each GPU`,
    },
    engine: {
      nargs: 1,
      describe: 'Engine, where the run allows for others than its own (--mixed-engines)',
      defaultDescription: 'the engine of the run',
    },
    gpus: {
      nargs: 1,
      describe: 'GPUs to compute on, by their numbers in nvidia-smi: all, none, or such as 0,1',
      defaultDescription: 'all where the run computes on GPUs',
    },
    'data-memory': {
      nargs: 1,
      describe: 'The most bytes of images in memory; a larger data set stays in a file',
      defaultDescription: 'the whole data set is in memory',
    },
    'keep-features': {
      nargs: 1,
      describe:
        'Mebibytes for what frozen layers compute of each image; 0 computes it anew each time',
      defaultDescription: 'those of the run',
    },
    listen: {
      nargs: 1,
      describe: 'Where other workers connect: HOST:PORT',
      defaultDescription: 'a free port',
    },
    name: {
      nargs: 1,
      describe: 'Name of this worker in logs and errors',
      defaultDescription: 'host and process',
    },
    wait: {
      nargs: 1,
      describe: 'Seconds to wait for a coordinator that does not answer yet',
      defaultDescription: String(DEFAULT_WAIT_SECONDS),
    },
    'while-stdin-open': {
      type: 'boolean',
      describe: 'End at once when standard input closes: the end of whoever started it',
    },
    'ignore-sigterm': {
      type: 'boolean',
      describe: 'Go on at SIGTERM, where the coordinator gets it too and ends the run',
    },
    quiet: { type: 'boolean', describe: 'Print errors only' },
  });
  return yargs.example(
    '$0 worker --join ws://10.0.0.1:7333 --token-file token',
    'work on all processors of this machine',
  ) as unknown as Argv<Arguments>;
}

async function work(argv: ArgumentsCamelCase<Arguments>, context: CliContext): Promise<void> {
  const threads = wholeNumberFlag(argv, 'threads', 1);
  const waitSeconds = wholeNumberFlag(argv, 'wait', 0) ?? DEFAULT_WAIT_SECONDS;
  const listen = textFlag(argv, 'listen');
  const notice = (line: string): void => {
    if (lastOf(argv['quiet']) !== true) context.stdout.write(`${printable(line)}\n`);
  };
  if (lastOf(argv['while-stdin-open']) === true) endWithStdin();
  const interrupts = catchInterrupts(
    (line) => {
      notice(line.replace(/:.*/, ': leaving the run.'));
    },
    new Set(lastOf(argv['ignore-sigterm']) === true ? ['SIGTERM' as const] : []),
  );
  try {
    const product = await context.loadProduct();
    await product.work({
      join: textFlag(argv, 'join')!,
      tokenFile: textFlag(argv, 'token-file')!,
      tlsCa: textFlag(argv, 'tls-ca'),
      threads,
      engine: engineFlag(argv),
      gpus: gpusFlag(argv),
      dataMemory: wholeNumberFlag(argv, 'data-memory', 1),
      keepFeatures: wholeNumberFlag(argv, 'keep-features', 0),
      listen: listen === null ? null : parseSocketAddress(listen),
      name: textFlag(argv, 'name'),
      waitSeconds,
      notice,
      signal: interrupts.signal,
    });
    notice('The run is finished.');
  } finally {
    interrupts.stop();
  }
}

function engineFlag(argv: Readonly<Record<string, unknown>>): WorkInput['engine'] {
  const text = textFlag(argv, 'engine');
  if (text === null) return null;
  const engine = ENGINE_NAMES.find((name) => name === text);
  if (engine !== undefined) return engine;
  throw new LockstepError(
    'USAGE_INVALID',
    `--engine: expected one of ${ENGINE_NAMES.join(', ')}, got ${JSON.stringify(text)}.`,
    { hint: 'See --help.' },
  );
}

function gpusFlag(argv: Readonly<Record<string, unknown>>): GpuWish {
  const text = textFlag(argv, 'gpus');
  if (text === null) return null;
  const fault = GPUS_PATTERN.test(text)
    ? gpusFault(text)
    : `expected all, none, or numbers such as 0,1, got ${JSON.stringify(text)}`;
  if (fault === null) return gpuWishOf(text);
  throw new LockstepError('USAGE_INVALID', `--gpus: ${fault}.`, { hint: 'See --help.' });
}

/** A pipe from the launcher closes however that ended, killed or not. */
function endWithStdin(): void {
  const end = (): never => process.exit(EXIT.interrupted);
  process.stdin.on('end', end).on('error', end).resume();
  // It is no reason to live on once the run is finished.
  process.stdin.unref();
}
