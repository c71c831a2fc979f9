import type { CoordinatorRules } from '#src/coordinator/machine/rules.js';
import type { Schedule } from '#src/shared/protocol/schedule.js';
import { MONITORED_METRICS } from '#src/shared/controls/monitor.js';
import type { MemberRules } from '#src/worker/machine/rules.js';
import type { ModelOptions } from './model.js';
import { Random } from './random.js';

/** What the network does to messages until it calms down. */
export interface NetworkFaults {
  readonly maxDelay: number;
  readonly loss: number;
  readonly duplicate: number;
  /** A bit of a payload is flipped on the way. */
  readonly corrupt: number;
  /** A frame of a fork of this run comes along: right checksum, other lineage, other bits. */
  readonly stray: number;
  readonly until: number;
}

/** The process dies at a named point, e.g. `before send:piece`, `after store:sync`, `apply`. */
export interface Crash {
  readonly role: 'worker' | 'coordinator';
  readonly point: string;
  /** At which passage of the point, counted over all processes of the role. */
  readonly nth: number;
  /** null: for good. */
  readonly restartAfter: number | null;
  /** A coordinator comes back with its folder as it was this long ago; 0: as it is. */
  readonly staleBy: number;
}

export interface Cut {
  /** Names of workers, or `coordinator`. */
  readonly a: string;
  readonly b: string;
  readonly from: number;
  readonly until: number;
}

export interface Freeze {
  readonly name: string;
  readonly from: number;
  readonly until: number;
  /** `process`: hears and says nothing; `threads`: answers, and does not compute. */
  readonly kind: 'process' | 'threads';
}

export interface Scenario {
  readonly seed: number;
  readonly model: ModelOptions;
  readonly workers: number;
  readonly minWorkers: number;
  readonly segments: number;
  /** Rows are rounded as they travel, and by each worker otherwise. */
  readonly rounds: boolean;
  /** Workers start with the initial state, or learn it from the coordinator. */
  readonly loaded: boolean;
  readonly checkpointEvery: number | null;
  readonly learnerLag: number;
  readonly network: NetworkFaults;
  readonly crashes: readonly Crash[];
  readonly cuts: readonly Cut[];
  readonly freezes: readonly Freeze[];
  /** Times at which one worker more comes. */
  readonly joins: readonly number[];
  /** When the operator asks to stop, by time. */
  readonly stopAt: number | null;
  /** A second coordinator takes over at this time, while the first one sleeps, and wakes later. */
  readonly takeover: { readonly at: number; readonly wakesAt: number } | null;
  readonly memberRules?: Partial<MemberRules>;
  readonly coordinatorRules?: Partial<CoordinatorRules>;
  /** Changes the schedule that the machines see, not what must come out. */
  readonly distort?: (schedule: Schedule) => Schedule;
}

const QUIET: NetworkFaults = {
  maxDelay: 3,
  loss: 0,
  duplicate: 0,
  corrupt: 0,
  stray: 0,
  until: 0,
};

/** Nothing goes wrong; a test says what does. */
export function quiet(seed: number, changes: Partial<Scenario> = {}): Scenario {
  return {
    seed,
    model: {
      run: `run ${seed}`,
      steps: 6,
      stepsPerEpoch: 3,
      batchSize: 14,
      shortBatch: 5,
      microBatch: 2,
      elements: 6,
      evaluationPieces: 4,
      controls: { monitor: 'validationLoss', stopsAfter: null, restoreBest: true },
    },
    workers: 3,
    minWorkers: 1,
    segments: 3,
    rounds: false,
    loaded: true,
    checkpointEvery: 2,
    learnerLag: 2,
    network: QUIET,
    crashes: [],
    cuts: [],
    freezes: [],
    joins: [],
    stopAt: null,
    takeover: null,
    ...changes,
  };
}

export const WORKER_POINTS = [
  ...['piece', 'report', 'want', 'evaluated', 'hello', 'want-snapshot'].flatMap((kind) => [
    `before send:${kind}`,
    `after send:${kind}`,
  ]),
  ...[
    'compute',
    'apply',
    'reduce',
    'assemble',
    'capture',
    'evaluate',
    'restore',
    'release',
  ].flatMap((kind) => [`before ${kind}`, `after ${kind}`]),
  'send-snapshot',
  'leave',
] as const;

export const COORDINATOR_POINTS = [
  ...['orders', 'assignment', 'refusal', 'piece'].flatMap((kind) => [
    `before send:${kind}`,
    `after send:${kind}`,
  ]),
  ...['term', 'record', 'summary'].flatMap((kind) => [`before ${kind}`, `after ${kind}`]),
  'before store:write',
  'before store:sync',
  'before store:rename',
  'after store:rename',
  'evaluated',
  'send-snapshot',
] as const;

/** Decisions of every kind, from a stream of their own. */
function chaoticControls(seed: number): ModelOptions['controls'] {
  const random = new Random(seed ^ 0xc0de);
  if (random.chance(0.2)) return null;
  return {
    monitor: random.pick(MONITORED_METRICS),
    stopsAfter: random.chance(0.7) ? random.pick([1, 1, 2]) : null,
    restoreBest: random.chance(0.5),
  };
}

/** A schedule of misfortunes that follows from its seed. */
export function chaos(seed: number): Scenario {
  const random = new Random(seed);
  const workers = random.integer(1, 4);
  const names = Array.from({ length: workers }, (_, i) => `w${i}`);
  const lossy = random.chance(0.6);
  const many = (most: number): number[] =>
    Array.from({ length: random.integer(0, most) }, () => random.integer(0, 400));
  return {
    seed,
    model: {
      run: `run ${seed}`,
      steps: random.integer(3, 7),
      stepsPerEpoch: random.integer(2, 4),
      batchSize: random.integer(5, 14),
      shortBatch: random.integer(1, 5),
      microBatch: random.integer(1, 4),
      elements: random.integer(3, 6),
      evaluationPieces: random.chance(0.5) ? random.integer(1, 5) : 0,
      controls: chaoticControls(seed),
    },
    workers,
    minWorkers: random.integer(1, Math.min(2, workers)),
    segments: random.integer(1, 3),
    rounds: false,
    loaded: random.chance(0.5),
    checkpointEvery: random.chance(0.7) ? random.integer(1, 3) : null,
    learnerLag: random.integer(1, 3),
    network: {
      maxDelay: random.pick([2, 5, 30]),
      loss: lossy ? random.next() * 0.2 : 0,
      duplicate: lossy ? random.next() * 0.2 : 0,
      corrupt: lossy ? random.next() * 0.1 : 0,
      stray: lossy ? random.next() * 0.1 : 0,
      until: 1500,
    },
    crashes: many(3).map((): Crash => {
      const role = random.chance(0.65) ? 'worker' : 'coordinator';
      return {
        role,
        point: random.pick<string>(role === 'worker' ? WORKER_POINTS : COORDINATOR_POINTS),
        nth: random.integer(1, random.pick([3, 12, 40])),
        restartAfter: role === 'worker' && random.chance(0.3) ? null : random.integer(20, 700),
        staleBy: random.chance(0.3) ? random.integer(10, 300) : 0,
      };
    }),
    cuts: many(1).map((from): Cut => ({
      a: random.pick(names),
      b: random.pick([...names, 'coordinator']),
      from,
      until: from + random.pick([100, 500, 3000]),
    })),
    freezes: many(1).map((from): Freeze => ({
      name: random.pick(names),
      from,
      until: from + random.pick([50, 300, 900]),
      kind: random.chance(0.6) ? 'process' : 'threads',
    })),
    joins: many(2),
    stopAt: random.chance(0.1) ? random.integer(10, 300) : null,
    takeover: random.chance(0.1)
      ? { at: random.integer(20, 200), wakesAt: random.integer(300, 600) }
      : null,
  };
}

/**
 * The same for a run that rounds. Nothing is decided by evaluations, whose figures nobody can
 * foretell, and no folder is an old copy: what it lacks could not be computed again.
 */
export function roundedChaos(seed: number): Scenario {
  const scenario = chaos(seed);
  return {
    ...scenario,
    rounds: true,
    model: { ...scenario.model, controls: null },
    crashes: scenario.crashes.map((crash) => ({ ...crash, staleBy: 0 })),
    takeover: null,
  };
}
