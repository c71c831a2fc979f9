import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assertInternal, LockstepError } from '../../shared/errors.js';
import type { PhotoOptions } from '../../shared/photos/photo-options.js';
import type { FromDecoder, Outcome, ToDecoder } from './photo-messages.js';

const MAIN = fileURLToPath(new URL('./decoder-main.js', import.meta.url));
/** The longest that some photographs may take: one of 200 megapixels takes seconds. */
const PATIENCE_MILLISECONDS = 120_000;
const LAST_WORDS = 300;

/** How the process ended instead of answering. */
export interface Death {
  readonly how: string;
}

/** A process that decodes; one that dies is started anew for the next photographs. */
export class DecoderProcess {
  readonly #options: PhotoOptions;
  readonly #main: string;
  readonly #patience: number;
  #child: ChildProcess | null = null;
  #closed = false;

  /** `main`: another program in the decoder's place, and another patience, for tests. */
  constructor(options: PhotoOptions, main = MAIN, patienceMillis = PATIENCE_MILLISECONDS) {
    this.#options = options;
    this.#main = main;
    this.#patience = patienceMillis;
  }

  /** What came of each, in order. Throws DATA_DECODER_MISSING. */
  async decode(paths: readonly string[]): Promise<readonly Outcome[] | Death> {
    assertInternal(!this.#closed, 'The decoders have been ended.');
    // One that ended while nobody waited for it.
    if (this.#child?.connected === false) this.#drop(this.#child);
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      let words = '';
      const stalled = setTimeout(() => {
        done();
        // It may be past killing, while it waits for a disk that is gone.
        this.#drop(child);
        resolve({ how: `no answer for ${this.#patience / 1000} s` });
      }, this.#patience);
      const onWords = (text: Buffer): void => {
        words = (words + text.toString()).slice(-LAST_WORDS);
      };
      const onMessage = (message: FromDecoder): void => {
        done();
        if (message.kind === 'decoded') resolve(message.outcomes);
        else reject(new LockstepError('DATA_DECODER_MISSING', message.message, message));
      };
      const onClose = (status: number | null, signal: string | null): void => {
        done();
        this.#drop(child);
        const how = signal === null ? `exit status ${String(status)}` : `signal ${signal}`;
        const last = words.trim().split('\n').at(-1)!;
        resolve({ how: last === '' ? how : `${how}: ${last}` });
      };
      const onError = (error: Error): void => {
        words = error.message;
      };
      const done = (): void => {
        clearTimeout(stalled);
        child.stderr!.off('data', onWords);
        child.off('message', onMessage).off('close', onClose).off('error', onError);
      };
      child.stderr!.on('data', onWords);
      child.on('message', onMessage).on('close', onClose).on('error', onError);
      this.#send(child, { kind: 'decode', paths });
    });
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  /** A process group of its own: Ctrl-C reaches the import, which ends it. */
  #start(): ChildProcess {
    const child = fork(this.#main, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
      detached: true,
    });
    child.on('error', () => undefined);
    child.once('exit', () => {
      this.#drop(child);
    });
    this.#send(child, { kind: 'begin', options: this.#options });
    return child;
  }

  /** The next photographs are for another. */
  #drop(child: ChildProcess): void {
    child.kill('SIGKILL');
    if (this.#child === child) this.#child = null;
  }

  /** It may be gone before it hears; that is noticed when it closes. */
  #send(child: ChildProcess, message: ToDecoder): void {
    child.send(message, () => undefined);
  }
}
