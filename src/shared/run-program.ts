/** Runs a program of the system to its end, with a bound on how long it may do nothing. */
import { spawn } from 'node:child_process';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly folder?: string | undefined;
  /** Without a change of `progress()`, or of the program's output, for so long, it is ended. */
  readonly stallMillis: number;
  /** Any number that changes while the program gets on; asked a few times a second. */
  readonly progress?: () => number;
}

/** How it ended. `missing`: it is not on this machine. `stalled`: it was ended for doing nothing. */
export interface ProgramEnd {
  readonly outcome: 'exit' | 'signal' | 'stalled' | 'missing' | 'not started';
  /** Exit status; null where it did not exit by itself. */
  readonly status: number | null;
  /** The end of what it wrote to either stream; or why it could not be started. */
  readonly output: string;
  /** In words: `is not on this machine`, `ended with status 2`, … */
  readonly how: string;
  readonly cause?: unknown;
}

const ASK_EVERY_MILLIS = 200;
const GRACE_MILLIS = 2_000;
const KEPT_CHARACTERS = 4_000;

/** Never rejects. */
export function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const { program, args, env, folder, stallMillis, progress = () => 0 } = run;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Messages in English, whatever the user speaks: they are quoted.
      env: { ...(env ?? process.env), LC_ALL: 'C' },
    });
    let written = '';
    let last = -1;
    let lastChange = Date.now();
    let stalled = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        written = (written + text).slice(-KEPT_CHARACTERS);
        lastChange = Date.now();
      });
    }
    const timer = setInterval(() => {
      const now = progress();
      if (now !== last) lastChange = Date.now();
      last = now;
      const still = Date.now() - lastChange;
      if (still > stallMillis) {
        child.kill(stalled && still > stallMillis + GRACE_MILLIS ? 'SIGKILL' : 'SIGTERM');
        stalled = true;
      }
    }, ASK_EVERY_MILLIS);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      const missing = error.code === 'ENOENT';
      resolve({
        outcome: missing ? 'missing' : 'not started',
        status: null,
        output: error.message,
        how: missing ? 'is not on this machine' : `failed: ${error.message}`,
        cause: error,
      });
    });
    child.on('close', (status, signal) => {
      clearInterval(timer);
      const output = written.trim();
      if (stalled) {
        const how = `did nothing for ${stallMillis / 1000} s and was ended`;
        return resolve({ outcome: 'stalled', status: null, output: output || how, how });
      }
      const how = `ended with ${signal ?? `status ${status}`}`;
      resolve({ outcome: signal === null ? 'exit' : 'signal', status, output, how });
    });
  });
}
