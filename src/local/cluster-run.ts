import { hostname } from 'node:os';
import { Coordinator } from '../coordinator/coordinator.js';
import { ClusterServer, type JoinedWorker } from '../coordinator/cluster/cluster-server.js';
import { statusOf } from '../coordinator/cluster/status.js';
import type { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { runName } from '../coordinator/run-identity.js';
import type { StoredState } from '../coordinator/run-keeper.js';
import { shortModelName } from '../shared/config/resolve.js';
import { keepsBest } from '../shared/config/training-controls.js';
import { weightAverageOf } from '../shared/config/weight-average.js';
import { withStanding, type Standing } from '../shared/controls/standing.js';
import { TRAINING_KEYS, type WireFormat } from '../shared/config/schema.js';
import type { SocketAddress } from '../shared/link/socket-address.js';
import type { ServerTls } from '../shared/link/tls.js';
import type { Token } from '../shared/link/token.js';
import { momentNames } from '../shared/numerics/optimizer-settings.js';
import { isExact } from '../shared/config/exactness.js';
import { segmentCount } from '../shared/numerics/row-segments.js';
import { runSchedule } from '../shared/protocol/run-schedule.js';
import { stateDigest } from '../shared/protocol/state-digest.js';
import type { RunObserver } from '../shared/run-events.js';
import { version } from '../shared/version.js';
import type { Welcome } from '../shared/wire/session.js';
import { WEIGHT_VECTORS } from '../worker/trainer.js';
import type { Conclusion } from './conclude.js';
import { optimizerOf } from '../shared/config/optimizer.js';
import { stallSeconds, type PreparedRun } from './prepare-run.js';
import { bytesOfDataSet } from './data-memory.js';
import { RunBooks } from './run-books.js';
import { StepClock } from './step-clock.js';
import type { TakenUp } from './take-up.js';
import type { RunTrace } from '../coordinator/trace/run-trace.js';

export interface ClusterOptions {
  readonly listen: SocketAddress;
  readonly token: Token;
  /** null: links are not encrypted. */
  readonly tls: ServerTls | null;
  /** The run waits while there are fewer, and starts with as many … */
  readonly minWorkers: number;
  /** … but at first rather with these, if they come soon. */
  readonly expectWorkers: number | null;
  readonly maxWorkers: number | null;
  /** How long it waits for enough workers before it ends with an error. */
  readonly waitSeconds: number;
}

const HEARTBEAT_MILLISECONDS = 250;
/** How often clocks are compared, for a timeline. */
const CLOCK_MILLISECONDS = 1000;
/** A worker that says nothing for so long is taken for dead. */
const DEAD_MILLISECONDS = 5000;
/** What is missing is asked for again; a peer that does not answer is called unreachable. */
const RETRY_MILLISECONDS = 500;
const UNREACHABLE_MILLISECONDS = 2000;
/** Workers wait so long for a coordinator that has gone. */
const COORDINATOR_LOST_MILLISECONDS = 120_000;
/** A coordinator that takes a run up again gives its workers so long to come. */
const HELLO_MILLISECONDS = 5000;
const BACK_OFF_MILLISECONDS = 1000;
/** Two workers that cannot reach each other try again after half a minute, then a minute … */
const RELAY_MILLISECONDS = 30_000;
/** Many that join one after the other become members in few views. */
const ADMIT_MILLISECONDS = 1000;
/** The planner's price of one more node to send: a row at this many bytes a millisecond. */
const BYTES_PER_MILLISECOND = 500_000;

const ROUNDED =
  'Gradients travel rounded to 16 bits (--wire float16): the final weights depend on the number of ' +
  'workers, and a run that is repeated does not give the same ones.';

/** The coordinator of a run whose workers are other processes. */
export class ClusterRun {
  readonly #coordinator: Coordinator;
  readonly #server: ClusterServer;
  readonly #books: RunBooks;
  /** By the name of the worker. */
  readonly #threads: ReadonlyMap<string, number>;
  readonly #clocks: NodeJS.Timeout | null;
  readonly #wire: WireFormat;

  private constructor(
    coordinator: Coordinator,
    server: ClusterServer,
    books: RunBooks,
    threads: ReadonlyMap<string, number>,
    clocks: NodeJS.Timeout | null,
    wire: WireFormat,
  ) {
    this.#coordinator = coordinator;
    this.#server = server;
    this.#books = books;
    this.#threads = threads;
    this.#clocks = clocks;
    this.#wire = wire;
  }

  /** Throws LISTEN_FAILED. */
  static async begin(
    run: PreparedRun,
    folder: RunFolder,
    taken: TakenUp,
    observer: RunObserver,
    trace: RunTrace | null,
    options: ClusterOptions,
  ): Promise<ClusterRun> {
    const { config, data, identity, layout, program } = run;
    const schedule = runSchedule(config, data);
    const clock = new StepClock();
    const books = new RunBooks(run, folder, taken, schedule, observer, {
      stored: taken.stored ?? initialState(run, taken.position.standing),
      times: async (step) => {
        const times = await clock.take(step);
        books.addStep(step, times.stepSeconds);
        return times;
      },
      captured: null,
      tracer: trace && trace.own,
    });
    if (config.wire !== 'float32') observer.notice(ROUNDED);
    const threads = new Map<string, number>();
    const dataBytes = bytesOfDataSet(data.whole);
    const workers = options.expectWorkers ?? options.minWorkers;
    const welcome = welcomeOf(run, workers, dataBytes.length);
    const stallMillis = stallSeconds(run) * 1000;
    const coordinator = new Coordinator({
      config: {
        ...books.machine,
        mixedEngines: config.mixedEngines,
        minWorkers: options.minWorkers,
        expectWorkers: options.expectWorkers,
        learnerLag: 1,
        segments: welcome.segments,
        exact: isExact(config),
        nodeMillis: (layout.rowLength * 4) / BYTES_PER_MILLISECOND,
        times: {
          heartbeatMillis: HEARTBEAT_MILLISECONDS,
          helloMillis: HELLO_MILLISECONDS,
          deadMillis: DEAD_MILLISECONDS,
          stallMillis,
          pauseMillis: options.waitSeconds * 1000,
          stuckMillis: 4 * stallMillis + 60_000,
          backOffMillis: BACK_OFF_MILLISECONDS,
          relayMillis: RELAY_MILLISECONDS,
          admitMillis: ADMIT_MILLISECONDS,
        },
      },
      schedule,
      keeper: books.keeper,
      onWarning: (warning) => {
        observer.notice(warning.message);
      },
    });
    const server = await ClusterServer.open({
      listen: options.listen,
      token: options.token,
      tls: options.tls,
      welcome: { ...welcome, traced: trace !== null },
      blobs: new Map([
        [data.digest, dataBytes],
        [identity['initial weights']!, bytesOf(run.initialWeights)],
      ] as const),
      maxWorkers: options.maxWorkers,
      onMember: (worker, link) => {
        observer.notice(`Worker ${describeWorker(worker)} has joined.`);
        threads.set(worker.worker, worker.threads);
        coordinator.connect(worker.member, link);
      },
      onTiming: (_, { step, stepSeconds, computeSeconds, updateSeconds }) => {
        clock.put(step, { stepSeconds, computeSeconds, updateSeconds });
      },
      onTrace: (worker, told) => {
        trace?.take(worker, told);
      },
      onNotice: (text) => {
        observer.notice(text);
      },
      status: (workers) => ({
        run: runName(identity),
        folder: folder.path,
        version: version(),
        model: shortModelName(config.model),
        engine: program.engine,
        host: hostname(),
        pid: process.pid,
        ...statusOf(coordinator.state, workers),
      }),
    });
    books.tellStart(null);
    const clocks =
      trace &&
      setInterval(() => {
        server.tellClock();
      }, CLOCK_MILLISECONDS);
    return new ClusterRun(coordinator, server, books, threads, clocks, config.wire);
  }

  get address(): SocketAddress {
    return this.#server.address;
  }

  /** Whether workers are told to end, or will be no more. */
  get isOver(): boolean {
    const { phase } = this.#coordinator.state;
    return phase === 'finished' || phase === 'failed' || phase === 'gone';
  }

  /** Of all workers that took part, by name. */
  get threads(): number {
    return [...this.#threads.values()].reduce((sum, threads) => sum + threads, 0);
  }

  get wire(): WireFormat {
    return this.#wire;
  }

  /** With which workers computed, each once, in the order of their names. */
  get engines(): readonly string[] {
    return [...new Set(this.#coordinator.state.engines.values())].sort();
  }

  /** Resolves when the run has ended; null where `signal` ended it before its last step. */
  finish(signal: AbortSignal | undefined): Promise<Conclusion | null> {
    return this.#books.untilEnded(
      this.#coordinator,
      signal,
      () => this.#coordinator.ended,
      async () => {
        if (this.#clocks !== null) clearInterval(this.#clocks);
        const closed = this.#server.close();
        this.#coordinator.close();
        await closed;
      },
    );
  }
}

/** What a run begins with: the initial weights, also as average and best, all moments zero. */
function initialState(run: PreparedRun, standing: Standing | null): StoredState {
  const { config, initialWeights, layout } = run;
  const [weights, averaged, best] = WEIGHT_VECTORS;
  const names = [
    weights,
    ...momentNames(optimizerOf(config)),
    ...(weightAverageOf(config) === null ? [] : [averaged]),
    ...(keepsBest(config) ? [best] : []),
  ];
  const isWeights = (name: string): boolean => (WEIGHT_VECTORS as readonly string[]).includes(name);
  const vectors = names.map((name) => {
    const bytes = isWeights(name)
      ? bytesOf(initialWeights)
      : new Uint8Array(layout.trainableLength * 4);
    return [name, bytes] as const;
  });
  const state = withStanding(new Map(vectors), standing);
  return { applied: 0, captured: { digest: stateDigest(state), state } };
}

/** What a worker that joins is told of the run; `dataBytes`: of its data set, as it is sent. */
export function welcomeOf(
  run: PreparedRun,
  workers: number,
  dataBytes: number,
): Omit<Welcome, 'traced'> {
  const { config, data, identity, layout, model, program, initialWeights } = run;
  const { shape, classes } = data.train;
  const entries = TRAINING_KEYS.map((key) => [key, config[key]] as const);
  return {
    kind: 'welcome',
    run: runName(identity),
    version: version(),
    identity: { ...identity },
    config: {
      ...Object.fromEntries(entries),
      engine: program.engine,
      fastMath: config.fastMath,
      mixedEngines: config.mixedEngines,
      keepFeatures: config.keepFeatures,
    },
    model: model.toJSON(null, false) as Welcome['model'],
    initialWeights: {
      digest: identity['initial weights']!,
      bytes: initialWeights.byteLength,
    },
    data: {
      name: data.name,
      digest: data.digest,
      bytes: dataBytes,
      ...shape,
      trainCount: data.whole.train.count,
      testCount: data.test.count,
      classes: [...classes],
    },
    segments: segmentCount(layout.rowLength, workers),
    heartbeatMillis: HEARTBEAT_MILLISECONDS,
    retryMillis: RETRY_MILLISECONDS,
    unreachableMillis: UNREACHABLE_MILLISECONDS,
    coordinatorLostMillis: COORDINATOR_LOST_MILLISECONDS,
  };
}

function describeWorker({ worker, host, pid, threads, from }: JoinedWorker): string {
  const many = threads === 1 ? '1 thread' : `${threads} threads`;
  return `${worker} (${host}, process ${pid}, ${many}, from ${from})`;
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
