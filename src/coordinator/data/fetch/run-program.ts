/** Runs a program of the system, with a bound on how long it may do nothing. */
import { spawn } from 'node:child_process';
import { LockstepError } from '../../../shared/errors.js';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Without a change of `progress()`, or of the program's output, for so long, it is ended. */
  readonly stallMillis: number;
  /** Any number that grows while the program gets on; asked a few times a second. */
  readonly progress: () => number;
}

const ASK_EVERY_MILLIS = 200;
const GRACE_MILLIS = 2_000;
const KEPT_CHARACTERS = 4_000;

/** @throws LockstepError DATA_FETCH_FAILED with the last lines that the program wrote */
export function runProgram(run: ProgramRun): Promise<void> {
  const { program, args, folder, stallMillis, progress } = run;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Messages in English, whatever the user speaks: they are quoted.
      env: { ...process.env, LC_ALL: 'C' },
    });
    let written = '';
    let last = -1;
    let lastChange = Date.now();
    let stalled = false;
    const onOutput = (bytes: Buffer) => {
      written = (written + bytes.toString('utf8')).slice(-KEPT_CHARACTERS);
      lastChange = Date.now();
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
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
    const fail = (what: string, cause?: unknown) => {
      reject(
        new LockstepError('DATA_FETCH_FAILED', `${program} ${what}`, {
          cause,
          hint: 'Run the command by hand to see more.',
        }),
      );
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      fail(error.code === 'ENOENT' ? 'is not on this machine' : `failed: ${error.message}`, error);
    });
    child.on('close', (status, signal) => {
      clearInterval(timer);
      if (stalled) return fail(`${args[0]} did nothing for ${stallMillis / 1000} s and was ended`);
      if (status === 0) return resolve();
      fail(`${args.join(' ')} ended with ${signal ?? `status ${status}`}${lastLines(written)}`);
    });
  });
}

/** Lines with an error's mark, if there are any; else the last ones. */
function lastLines(written: string): string {
  const lines = written.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /^E:/.test(line));
  const shown = (errors.length > 0 ? errors : lines).slice(-3);
  return shown.length === 0 ? '' : `: ${shown.join(' ')}`;
}
