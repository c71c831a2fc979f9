import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Command } from './worker-command.js';

export interface WorkerEnd {
  /** `exit status 1`, `signal SIGKILL`, or why it could not be started. */
  readonly how: string;
  readonly ok: boolean;
  readonly lastLines: readonly string[];
}

const LAST_LINES = 5;

/**
 * One life of a worker. It is a process group of its own, so that Ctrl-C reaches only who launched
 * it; it ends by itself when its standard input closes, which the death of the launcher does too.
 */
export class WorkerProcess {
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;

  constructor(command: Command, token: string, onLine: (line: string) => void) {
    const { program, args, takesToken } = command;
    const child = (this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    }));
    // It may be dead before it has read.
    child.stdin!.on('error', () => undefined);
    if (takesToken) child.stdin!.write(`${token}\n`);
    const lastLines: string[] = [];
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        lastLines.push(line);
        if (lastLines.length > LAST_LINES) lastLines.shift();
        onLine(line);
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve({ how: error.message, ok: false, lastLines });
      });
      child.once('close', (status, signal) => {
        const how = signal === null ? `exit status ${status}` : `signal ${signal}`;
        resolve({ how, ok: status === 0, lastLines });
      });
    });
  }

  /** Asks it to end. */
  close(): void {
    this.#child.stdin!.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
