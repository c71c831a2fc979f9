import { spawn, type ChildProcess } from 'node:child_process';

/** A program under test: its output, its end, and a way to end it with all its children. */
export interface Child {
  /** Everything on standard error (and on standard output, where `output` asks for both). */
  readonly log: () => string;
  readonly stdout: () => string;
  /** How it ended, in words; never rejects. */
  readonly ended: Promise<string>;
  readonly status: () => number | null;
  /** Kills the process and those that it started. */
  kill(): Promise<void>;
}

export function start(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  // A group of its own, so that a browser's helpers end with it.
  const child: ChildProcess = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let log = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`could not be started: ${error.message}`));
    child.on('close', (status, signal) => resolve(`ended with ${signal ?? `status ${status}`}`));
  });
  return {
    log: () => log,
    stdout: () => stdout,
    ended,
    status: () => child.exitCode,
    kill: async () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        return; // The whole group has ended by itself.
      }
      await ended;
    },
  };
}

/** Resolves with `value` after so long; does not keep the process alive. */
export function after<T>(milliseconds: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value).unref());
}
