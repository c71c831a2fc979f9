/**
 * A side of a comparison: a long-lived child process that takes training steps when it is told to,
 * and sleeps in between, so that all sides can take turns on the same cores.
 *
 *   → run N        ← {"seconds": …, "samples": …}      N whole steps
 *   → quit
 *
 * One JSON object a line; the first, {"ready": true, …}, says what the child is.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const START_MILLIS = 600_000;
const RUN_MILLIS = 1_800_000;

export class Contender {
  #child;
  #lines;
  #log = '';
  #ended;

  /**
   * @param {string} name for tables
   * @param {string} program
   * @param {readonly string[]} args
   * @returns {Promise<Contender>} once it is ready to run
   */
  static async start(name, program, args) {
    const contender = new Contender(name, program, args);
    contender.about = await contender.#next(START_MILLIS);
    return contender;
  }

  constructor(name, program, args) {
    this.name = name;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#log = (this.#log + text).slice(-8000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('close', (status, signal) => resolve(`ended with ${signal ?? status}`));
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid() {
    return this.#child.pid;
  }

  /** @returns {Promise<{ seconds: number, samples: number }>} */
  async run(steps) {
    this.#child.stdin.write(`run ${steps}\n`);
    return this.#next(RUN_MILLIS);
  }

  async stop() {
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdin.end('quit\n');
    await Promise.race([this.#ended, sleep(5000)]);
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  }

  /** The next line that is a JSON object; other output is noise of the child's libraries. */
  async #next(timeoutMillis) {
    const failure = (reason) => new Error(`${this.name}: ${reason}\n${this.#log}`);
    const late = sleep(timeoutMillis).then(() => ({ late: true }));
    for (;;) {
      const line = await Promise.race([this.#lines.next(), late]);
      if (line.late) throw failure(`no answer in ${timeoutMillis} ms`);
      if (line.done) throw failure(await this.#ended);
      if (line.value.startsWith('{')) return JSON.parse(line.value);
    }
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
