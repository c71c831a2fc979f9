import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunMessage } from '../../shared/study/study-events.js';
import type { FromRun, LastWords, RunOrder, ToRun } from './run-messages.js';

/** How the process of a run came to its end. */
export type RunEnd =
  | LastWords
  /** It ended without a word: killed, or out of memory. */
  | { readonly kind: 'died'; readonly how: string };

const MAIN = fileURLToPath(new URL('./run-main.js', import.meta.url));
const LAST_WORDS = 2000;

/**
 * One run in a process of its own. It is a process group of its own too, so that Ctrl-C reaches
 * only the study, which asks it to end.
 */
export class RunProcess {
  readonly ended: Promise<RunEnd>;
  readonly #child: ChildProcess;

  constructor(order: RunOrder, onMessage: (message: RunMessage) => void) {
    const child = (this.#child = fork(MAIN, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      detached: true,
    }));
    this.#send({ kind: 'train', order });
    let said: RunEnd | null = null;
    let words = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    child.on('message', (message: FromRun) => {
      if (message.kind === 'done' || message.kind === 'failed') said = message;
      else onMessage(message);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve({ kind: 'died', how: error.message });
      });
      child.once('close', (status, signal) => {
        const how = signal === null ? `exit status ${String(status)}` : `signal ${signal}`;
        const last = words.trim() === '' ? '' : `: ${words.trim()}`;
        resolve(said ?? { kind: 'died', how: how + last });
      });
    });
  }

  /** Asks it to end after the step under way. */
  stop(): void {
    this.#send({ kind: 'stop' });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** It may be gone before it hears. */
  #send(message: ToRun): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
