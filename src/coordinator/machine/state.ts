import type { BestMark, Standing } from '../../shared/controls/standing.js';
import type { Range } from '../../shared/numerics/micro-batches.js';
import type {
  Control,
  EvaluationKind,
  EvaluationSum,
  StepRecord,
} from '../../shared/protocol/control.js';
import type {
  Assignment,
  EvaluationPlan,
  Failure,
  Learning,
  Message,
  PieceResult,
  Report,
  Share,
  ToCoordinator,
  View,
} from '../../shared/protocol/messages.js';
import type { Lineage, MemberId } from '../../shared/protocol/names.js';

/** What the run folder says at the start. */
export interface Folder {
  /** The last term that was synced there; 0 in a new folder. */
  readonly term: number;
  /** The newest valid checkpoint, or the initial weights as the state after 0 steps. */
  readonly checkpoint: { readonly applied: number; readonly lineage: Lineage };
  /** Metric lines that are on disk: steps below `upTo`; lineages after them, as far as known. */
  readonly metrics: {
    readonly upTo: number;
    readonly lineages: ReadonlyMap<number, Lineage>;
  };
}

export interface CoordinatorConfig {
  readonly run: string;
  /** This coordinator process, told apart from others of the same term. */
  readonly id: string;
  readonly identity: Readonly<Record<string, string>>;
  /** Whether workers may have other engines than the run's; left out: not. */
  readonly mixedEngines?: boolean;
  readonly folder: Folder;
  readonly minWorkers: number;
  /** Start as soon as this many have said hello; without it, after `helloMillis`. */
  readonly expectWorkers: number | null;
  /** H: how many steps a member may be ahead of what all have applied. */
  readonly ahead: number;
  /** How many steps a learner may be behind before the others wait for it. */
  readonly learnerLag: number;
  /** In how many segments rows travel: as many members reduce. */
  readonly segments: number;
  /** Whether a step computed again has the same bits; false: rows are rounded, or engines mixed. */
  readonly exact: boolean;
  /** Checkpoint after every so many steps; null: only at the end. */
  readonly checkpointEvery: number | null;
  /** Milliseconds that one node of one worker costs on the link, for the planner. */
  readonly nodeMillis: number;
  readonly times: CoordinatorTimes;
}

export interface CoordinatorTimes {
  /** Orders are repeated this often. */
  readonly heartbeatMillis: number;
  /** A restarted coordinator waits this long for the workers that it does not know. */
  readonly helloMillis: number;
  /** A member that said nothing for so long is removed. */
  readonly deadMillis: number;
  /** A member that computes without its threads getting on for so long is removed. */
  readonly stallMillis: number;
  /** Below the fewest workers, and before the first come, the run waits this long. */
  readonly pauseMillis: number;
  /** Nothing got on for this long, though all are alive: the run ends with an error. */
  readonly stuckMillis: number;
  /** Learners that are ready wait for others so long after the last view: each view stops all. */
  readonly admitMillis: number;
  /** Two that cannot reach each other try again after this long, doubled each time. */
  readonly relayMillis: number;
  /** A removed worker is asked to stay away for this long, doubled each time. */
  readonly backOffMillis: number;
}

/** Rim → coordinator. */
export type CoordinatorEvent =
  /** At least once per heartbeat; `now` is in milliseconds and never falls. */
  | { readonly kind: 'tick'; readonly now: number }
  | { readonly kind: 'message'; readonly message: ToCoordinator }
  /** The connection to a member is gone: nothing more will come from it. */
  | { readonly kind: 'lost'; readonly member: MemberId; readonly reason: string }
  /** Answers `save-term`: synced. */
  | { readonly kind: 'term-saved'; readonly term: number }
  /** Answers `record`: the lines of steps below `upTo` are synced. */
  | { readonly kind: 'recorded'; readonly upTo: number }
  /** Answers `store`: written, synced, renamed. */
  | { readonly kind: 'stored'; readonly applied: number; readonly lineage: Lineage }
  /** Answers `store`: it could not be written (the copy is gone, the disk is full …). */
  | { readonly kind: 'store-failed'; readonly applied: number; readonly failure: Failure }
  /** Answers `summarize`: synced. */
  | { readonly kind: 'summarized' }
  /** End after the step (Ctrl-C): a checkpoint is taken, the run can be resumed. */
  | { readonly kind: 'stop' }
  /** Take a checkpoint at the next step. */
  | { readonly kind: 'checkpoint' }
  /** The rim itself cannot go on. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Coordinator → rim, to be carried out in this order. */
export type CoordinatorEffect =
  | { readonly kind: 'save-term'; readonly term: number }
  | { readonly kind: 'send'; readonly to: MemberId; readonly message: Message }
  /** A segment of the state in the folder, as a `snapshot-piece`. */
  | {
      readonly kind: 'send-snapshot';
      readonly to: MemberId;
      readonly applied: number;
      readonly lineage: Lineage;
      readonly segment: number;
    }
  /** Where the run goes on. Metric lines of steps ≥ `cutMetricsAt` are cut (null: none). */
  | {
      readonly kind: 'began';
      readonly base: number;
      readonly view: View;
      readonly cutMetricsAt: number | null;
    }
  /** Append the lines of these steps, in order. */
  | { readonly kind: 'record'; readonly records: readonly StepRecord[] }
  /** An evaluation that was due is complete, and this is what it decides. */
  | {
      readonly kind: 'evaluated';
      readonly applied: number;
      readonly sums: readonly EvaluationSum[];
      readonly decided: Decided | null;
    }
  /** Write the state that `writer` captured as a checkpoint, whole or not at all. */
  | {
      readonly kind: 'store';
      readonly applied: number;
      readonly lineage: Lineage;
      readonly digest: string;
      readonly writer: MemberId;
      /** The best state so far, this one included; null where none is known. */
      readonly best: BestMark | null;
    }
  /** All is done and stored: write the summary. `complete` false: stopped before the last step. */
  | {
      readonly kind: 'summarize';
      readonly applied: number;
      readonly lineage: Lineage;
      readonly digest: string;
      /** Of the weights that the run ends with: those of `ofBest`, else the last ones. */
      readonly evaluation: readonly EvaluationSum[];
      readonly best: BestMark | null;
      readonly ofBest: boolean;
      readonly stoppedEarly: boolean;
      readonly complete: boolean;
    }
  | { readonly kind: 'warn'; readonly failure: Failure }
  /** The end. `failure` null: finished (or stopped as asked). */
  | { readonly kind: 'exit'; readonly failure: Failure | null };

export type Role = 'candidate' | 'learner' | 'member';

/** What the coordinator knows of one life of a worker. */
export interface Peer {
  readonly id: MemberId;
  readonly worker: string;
  readonly role: Role;
  readonly report: Report;
  readonly heardAt: number;
  /** When its `applied`, activity or progress last changed. */
  readonly gotOnAt: number;
}

/** Decisions as they stand at a state: null where the run has none to make. */
export interface Decided {
  /** Before and after the evaluation of the state. */
  readonly before: Standing | null;
  readonly after: Standing | null;
}

/** A checkpoint under way. The first of `by` gives the state, the digests of all must agree. */
export interface Capture {
  readonly applied: number;
  readonly by: readonly MemberId[];
  readonly storing: boolean;
  readonly best: BestMark | null;
}

export interface EvaluationState {
  readonly applied: number;
  readonly which: EvaluationKind;
  readonly plan: readonly EvaluationPlan[];
  readonly results: ReadonlyMap<number, PieceResult>;
  /** Fixed while the view lasts, so that nobody does another's pieces. */
  readonly shares: readonly { readonly member: MemberId; readonly pieces: readonly Range[] }[];
  /** null until complete. */
  readonly sums: readonly EvaluationSum[] | null;
  /** Of the closing evaluation: what the one that was due has given. */
  readonly earlier: readonly EvaluationSum[];
}

/** Who computes what: cut once, used for all steps for which it is the same. */
export interface Plan {
  readonly number: number;
  readonly shares: ReadonlyMap<MemberId, Share>;
}

export interface PlannedDuty {
  readonly step: number;
  readonly plan: Plan;
}

/** Two members between whom the coordinator passes messages on, or did. */
export interface Relay {
  readonly pair: readonly [MemberId, MemberId];
  readonly since: number;
  /** How often it had to. */
  readonly times: number;
  readonly isOn: boolean;
}

export interface Assigned {
  readonly message: Assignment;
  readonly sentAt: number;
}

/** All that assignments are made of; while none of it changes, none of them does. */
export interface AssignmentSources {
  readonly view: View;
  readonly phase: CoordinatorPhase;
  readonly plans: readonly Plan[];
  readonly learners: CoordinatorState['learners'];
  readonly followers: readonly MemberId[];
  readonly relays: CoordinatorState['relays'];
  readonly shares: EvaluationState['shares'] | null;
  /** As of the last heartbeat. */
  readonly results: EvaluationState['results'] | null;
}

export type CoordinatorPhase =
  /** The term is being synced. */
  | 'claiming'
  /** For hellos. */
  | 'waiting'
  /** A new view was announced; its members report. */
  | 'gather'
  | 'run'
  /** Summary under way. */
  | 'summarizing'
  | 'finished'
  | 'failed'
  | 'gone';

export interface CoordinatorState {
  readonly config: CoordinatorConfig;
  readonly phase: CoordinatorPhase;
  readonly now: number;
  /** When the phase began, or the run last got on. */
  readonly gotOnAt: number;
  readonly spokeAt: number;
  /** When the view was announced. */
  readonly viewedAt: number;
  readonly term: number;
  readonly peers: ReadonlyMap<MemberId, Peer>;
  /** Ids that may never come back, with the names of their workers. */
  readonly removed: ReadonlyMap<MemberId, string>;
  /** By the name of a worker that was let in: its engine, with its hardware. */
  readonly engines: ReadonlyMap<string, string>;
  /** Times that a worker, by name, was removed. */
  readonly removals: ReadonlyMap<string, number>;
  readonly view: View;
  readonly base: number;
  readonly sources: readonly MemberId[];
  readonly upTo: number;
  readonly stable: number;
  /** The end: the last step, or where a stop was asked for. */
  readonly lastStep: number;
  /** Whether the end was set because figures got no better. */
  readonly stoppedEarly: boolean;
  readonly controls: ReadonlyMap<number, Control>;
  readonly duties: ReadonlyMap<number, PlannedDuty>;
  /** Plans made in this term. */
  readonly plans: number;
  readonly learners: ReadonlyMap<MemberId, Learning>;
  /** Learners to whom sums are sent; the others are among them by the next heartbeat. */
  readonly followers: readonly MemberId[];
  /** Known lineages after so many steps (the last 64). */
  readonly lineages: ReadonlyMap<number, Lineage>;
  /** Records handed to `record`: steps below; and those on disk. */
  readonly recording: number;
  readonly durable: number;
  /** Steps whose records nobody has any more, in order. */
  readonly givenUp: readonly Range[];
  readonly stored: {
    readonly applied: number;
    readonly lineage: Lineage;
    /** Of its bytes; null where this coordinator has not heard it. */
    readonly digest: string | null;
  };
  /** Whether `began` was said: then a higher term means that another has taken over. */
  readonly begun: boolean;
  readonly capture: Capture | null;
  readonly checkpointWanted: boolean;
  readonly evaluation: EvaluationState | null;
  /** Pairs that could not reach each other. */
  readonly relays: readonly Relay[];
  /** What each was last told of its own. */
  readonly assigned: ReadonlyMap<MemberId, Assigned>;
  /** Out of which that was made. */
  readonly assignedFor: AssignmentSources | null;
  /** Since when there are too few workers. */
  readonly pausedAt: number | null;
  readonly stopping: boolean;
  /** What the run will end with once its last checkpoint is stored. */
  readonly ending: Failure | null;
  readonly failure: Failure | null;
  readonly sequence: number;
}

export interface CoordinatorTransition {
  readonly state: CoordinatorState;
  readonly effects: readonly CoordinatorEffect[];
}
