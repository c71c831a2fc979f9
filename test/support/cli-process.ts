/** The command line as a process of its own. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program's file. */
export const CLI_MAIN = fileURLToPath(import.meta.resolve('#src/cli/main.js'));

export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;
}

/** `lockstep ARGS` under this Node. */
export function startCli(args: readonly string[], options: SpawnOptions = {}): StartedProcess {
  return startProcess(process.execPath, [CLI_MAIN, ...args], options);
}

/** The same, to its end. */
export function cli(args: readonly string[], options: SpawnOptions = {}): Promise<ProcessEnd> {
  return startCli(args, options).ended;
}

/** The words of a shell command that runs `lockstep`. */
export const cliCommand = `${process.execPath} ${CLI_MAIN}`;

export function startProcess(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): StartedProcess {
  const began = performance.now();
  // As a user starts it: without what a test runner loads into each Node.
  const env = { ...(options.env ?? process.env) };
  delete env['NODE_OPTIONS'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, env });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (part: string) => (text[name] += part));
  }
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({ status, signal, ...text, seconds: (performance.now() - began) / 1000 });
    });
  });
  return { child, ended };
}
