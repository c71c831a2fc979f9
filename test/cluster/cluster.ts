/** A coordinator and workers as processes of this machine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { RunSummary } from '#src/index.js';
import {
  CLI_MAIN,
  startProcess,
  type ProcessEnd,
  type StartedProcess,
} from '../support/cli-process.js';

/** A whole run of these tests takes seconds; what takes longer hangs. */
const PATIENCE_MILLISECONDS = 180_000;

export interface ClusterRunOptions {
  /** Flags of the training. */
  readonly training: readonly string[];
  readonly out: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where the coordinator runs; this machine by default. */
  readonly host?: Host;
  /** After how long a run is said to hang; three minutes by default. */
  readonly patienceMillis?: number;
}

/** What one process of a cluster has otherwise than the rest. */
export interface Changes {
  readonly host?: Host | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** A module that is loaded before the program. */
  readonly load?: string;
}

/** A place for processes, by the words of a command that runs another there. */
export interface Host {
  readonly address: string;
  readonly command: readonly string[];
}

export const HERE: Host = { address: '127.0.0.1', command: [] };

function startOn(
  { host = HERE, env = {}, load }: Changes,
  args: readonly string[],
): StartedProcess {
  const node = [process.execPath, ...(load === undefined ? [] : [`--import=${load}`])];
  const [program, ...rest] = [...host.command, ...node, CLI_MAIN, ...args];
  return startProcess(program!, rest, { env });
}

export class TestCluster {
  readonly workers = new Map<string, StartedProcess>();
  #coordinator: StartedProcess | null = null;
  #url = '';
  #stopped = false;

  constructor(readonly options: ClusterRunOptions) {}

  /** Starts the coordinator, or starts it again on its folder; resolves when workers may join. */
  coordinate(...flags: readonly string[]): Promise<void> {
    return this.coordinateWith({}, ...flags);
  }

  async coordinateWith(changes: Changes, ...flags: readonly string[]): Promise<void> {
    const { training, out, env, host = HERE } = this.options;
    const isThere = existsSync(join(out, 'config.json'));
    const run = isThere ? ['--resume', out] : [...training, '--out', out];
    // Workers look for a coordinator that was killed where it was.
    const listen = this.#url === '' ? `${host.address}:0` : this.#url.replace(/^wss?:\/\//, '');
    const started = startOn({ host, env, ...changes }, [
      ...['coordinator', ...run, '--listen', listen],
      ...flags,
    ]);
    this.#coordinator = started;
    let text = '';
    started.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const joinLine = async (): Promise<string | null> => {
      while (!text.includes('--token-file')) {
        if (started.child.exitCode !== null) return null;
        await after(20);
      }
      return /wss?:\/\/\S+/.exec(text)?.[0] ?? null;
    };
    const url = await this.#within(joinLine(), 'the join line');
    if (url === null) throw new TypeError(`The coordinator ended: ${(await started.ended).stderr}`);
    this.#url = url;
  }

  get tokenFile(): string {
    return join(this.options.out, 'cluster-token');
  }

  get coordinatorPid(): number {
    return this.#coordinator!.child.pid!;
  }

  get url(): string {
    return this.#url;
  }

  work(name: string, ...flags: readonly string[]): StartedProcess {
    return this.workOn(HERE, name, ...flags);
  }

  workOn(host: Host, name: string, ...flags: readonly string[]): StartedProcess {
    return this.workWith({ host }, name, ...flags);
  }

  /** A worker that dials another address. */
  workAt(url: string, name: string, ...flags: readonly string[]): StartedProcess {
    return this.#start(url, {}, name, flags);
  }

  workWith(changes: Changes, name: string, ...flags: readonly string[]): StartedProcess {
    return this.#start(this.#url, changes, name, flags);
  }

  #start(url: string, changes: Changes, name: string, flags: readonly string[]): StartedProcess {
    const { env } = this.options;
    const where = ['--join', url, '--token-file', this.tokenFile];
    const started = startOn({ env, ...changes }, [
      ...['worker', ...where, '--name', name],
      ...flags,
    ]);
    this.workers.set(name, started);
    return started;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.workers.get(name)!.child.kill(signal);
  }

  interruptCoordinator(): void {
    this.#coordinator!.child.kill('SIGINT');
  }

  killCoordinator(): Promise<ProcessEnd> {
    this.#coordinator!.child.kill('SIGKILL');
    return this.#coordinator!.ended;
  }

  /** Steps whose lines are in the metrics. */
  get steps(): number {
    const file = join(this.options.out, 'metrics.jsonl');
    if (!existsSync(file)) return 0;
    return readFileSync(file, 'utf8').split('"kind":"step"').length - 1;
  }

  /** Until the metrics hold a step of this number, or the coordinator has ended. */
  async reached(step: number): Promise<void> {
    const wait = async (): Promise<void> => {
      while (this.steps < step && this.#coordinator!.child.exitCode === null) await after(5);
    };
    await this.#within(wait(), `step ${step}; it is at ${this.steps}`);
  }

  async ended(): Promise<ProcessEnd> {
    return this.#within(this.#coordinator!.ended, `the end; it is at step ${this.steps}`);
  }

  #within<Value>(work: Promise<Value>, what: string): Promise<Value> {
    return within(work, what, this.options.patienceMillis ?? PATIENCE_MILLISECONDS);
  }

  get summary(): RunSummary {
    return JSON.parse(readFileSync(join(this.options.out, 'summary.json'), 'utf8')) as RunSummary;
  }

  /** Whether `stop` was called. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** How the processes ended, the newest of each name, once they have. */
  ends(): Promise<[string, ProcessEnd][]> {
    const all = [...this.workers, ['coordinator', this.#coordinator] as const];
    return Promise.all(
      all.flatMap(([who, process]) =>
        process === null ? [] : process.ended.then((end): [string, ProcessEnd] => [who, end]),
      ),
    );
  }

  /** Ends whatever is still there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const all = [...this.workers.values(), this.#coordinator].filter((each) => each !== null);
    for (const { child } of all) child.kill('SIGKILL');
    await Promise.all(all.map(({ ended }) => ended));
  }
}

async function within<Value>(work: Promise<Value>, what: string, millis: number): Promise<Value> {
  const bound = new AbortController();
  const late = after(millis, null, { signal: bound.signal }).then(
    () => {
      throw new TypeError(`${what} did not come within ${millis} ms.`);
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    bound.abort();
  }
}
