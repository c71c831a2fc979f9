import type { Standing } from '../../shared/controls/standing.js';
import type { Range } from '../../shared/numerics/micro-batches.js';
import type { Addition, TreeNode } from '../../shared/numerics/reduction-tree.js';
import type { Control, EvaluationKind, StepRecord, Tally } from '../../shared/protocol/control.js';
import type {
  Assignment,
  Failure,
  Follower,
  Message,
  Orders,
  PieceResult,
  ToMember,
} from '../../shared/protocol/messages.js';
import type { Lineage, MemberId } from '../../shared/protocol/names.js';

/** Where a member's weights are in the run. */
export interface Position {
  readonly applied: number;
  readonly lineage: Lineage;
  /** Before the evaluation of this state; null where the run has no controls. */
  readonly standing: Standing | null;
}

/** What a member is told once, by its rim. */
export interface MemberConfig {
  readonly run: string;
  /** This life of this worker: never used again. */
  readonly id: MemberId;
  /** The same in every life. */
  readonly worker: string;
  readonly identity: Readonly<Record<string, string>>;
  /** Where it starts: the state in its memory, or null (it will take a snapshot). */
  readonly origin: Position | null;
  /** In how many segments rows travel, the same in the whole run; 1 where nothing travels. */
  readonly segments: number;
  /** Whether a value is a function of its name alone; false: it depends on who made it, too. */
  readonly exact: boolean;
  readonly times: MemberTimes;
}

export interface MemberTimes {
  /** Missing pieces are asked for again after this long without progress. */
  readonly retryMillis: number;
  /** A peer that owed something for this long is reported as unreachable. */
  readonly unreachableMillis: number;
  /** The worker gives up after this long without a word of the coordinator. */
  readonly coordinatorLostMillis: number;
}

/** One segment of a row in the rim's memory. */
export interface Stored {
  /** CRC-32C over name, tally and bytes. */
  readonly checksum: number;
  /** The rim's own: an address, a view … never looked into. */
  readonly payload: unknown;
}

/** A whole row, where it does not travel. */
export interface Row {
  readonly node: TreeNode;
  readonly tally: Tally;
  /** `config.segments` of them: one. */
  readonly segments: readonly Stored[];
}

/** What is known about G(t) once it is whole. */
export interface Gradient {
  /** 16 or more hex digits over the bytes of the whole row, in order. */
  readonly digest: string;
  /** The loss's sum over samples, float32 bits as uint32. */
  readonly lossBits: number;
  /** Where a value is not finite (for people), else null. */
  readonly nonFinite: string | null;
}

/** Rim → member. */
export type MemberEvent =
  /** At least once per heartbeat; `now` is in milliseconds and never falls. */
  | { readonly kind: 'tick'; readonly now: number; readonly progress: number }
  /** `measured`: the checksum of a piece's name, tally and bytes as they arrived. */
  | { readonly kind: 'message'; readonly message: ToMember; readonly measured?: number }
  /**
   * Answers `compute`, while it goes on: a segment of one of the nodes that cover its ranges. All
   * segments of all these nodes come, in any order.
   */
  | {
      readonly kind: 'segment-computed';
      readonly step: number;
      readonly lineage: Lineage;
      readonly node: TreeNode;
      readonly segment: number;
      readonly tally: Tally;
      readonly stored: Stored;
    }
  /** Answers `compute` when all of its segments have come. */
  | {
      readonly kind: 'computed';
      readonly step: number;
      readonly lineage: Lineage;
      readonly microBatches: number;
      readonly millis: number;
    }
  /**
   * Answers `compute` instead of the other two where rows do not travel: it was the entire step, and
   * this is G(step).
   */
  | {
      readonly kind: 'computed-whole';
      readonly step: number;
      readonly lineage: Lineage;
      readonly row: Row;
      readonly gradient: Gradient;
      readonly millis: number;
    }
  /** Answers `reduce`. */
  | {
      readonly kind: 'segment-reduced';
      readonly step: number;
      readonly lineage: Lineage;
      readonly segment: number;
      /** As given. */
      readonly tally: Tally;
      readonly stored: Stored;
    }
  /** Answers `assemble`. */
  | {
      readonly kind: 'assembled';
      readonly step: number;
      readonly lineage: Lineage;
      readonly gradient: Gradient;
    }
  /** Answers `capture`: the copy is taken and its digest known. */
  | { readonly kind: 'captured'; readonly applied: number; readonly digest: string }
  /** Answers `evaluate`. */
  | {
      readonly kind: 'evaluated';
      readonly applied: number;
      readonly which: EvaluationKind;
      readonly results: readonly PieceResult[];
    }
  /** Answers `restore`. */
  | ({ readonly kind: 'restored' } & Position)
  /** Something broke in this worker (a thread, memory …). */
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Member → rim, to be carried out in this order. `capture`, `evaluate`, `apply`, `compute` and
 * `restore` touch the weights: one after the other, each sees what the one before it left.
 */
export type MemberEffect =
  | { readonly kind: 'send'; readonly to: MemberId; readonly message: Message }
  /** Gradients of these ranges of micro-batches at the present weights. */
  | {
      readonly kind: 'compute';
      readonly step: number;
      readonly lineage: Lineage;
      readonly ranges: readonly Range[];
      readonly count: number;
    }
  /** Adds one segment of rows, in this order; `inputs` holds the payload of each node to begin with. */
  | {
      readonly kind: 'reduce';
      readonly step: number;
      readonly lineage: Lineage;
      readonly segment: number;
      readonly inputs: readonly { readonly node: TreeNode; readonly payload: unknown }[];
      readonly additions: readonly Addition[];
      /** Of the sum: part of what the checksum is taken over. */
      readonly tally: Tally;
    }
  /** All segments of G(step) are here: digest it, look for values that are not finite. */
  | {
      readonly kind: 'assemble';
      readonly step: number;
      readonly lineage: Lineage;
      readonly payloads: readonly unknown[];
    }
  /**
   * The optimizer's step: G(step), divided by `samples`, into weights and moments. `isBest`: the
   * state that it leaves is the best so far, and a copy of it is kept.
   */
  | {
      readonly kind: 'apply';
      readonly step: number;
      readonly payloads: readonly unknown[];
      readonly samples: number;
      readonly control: Control;
      readonly record: StepRecord;
      readonly isBest: boolean;
    }
  /** Rows and pieces of steps below `step` are needed no more. */
  | { readonly kind: 'release'; readonly step: number }
  /** Copy weights and optimizer state aside before the next `apply`. */
  | ({ readonly kind: 'capture' } & Position)
  /** That copy is needed no more. */
  | { readonly kind: 'discard'; readonly applied: number }
  /** Send one segment of a captured state as a `snapshot-piece`; `relayed`: within a `relay`. */
  | {
      readonly kind: 'send-snapshot';
      readonly to: MemberId;
      readonly applied: number;
      readonly lineage: Lineage;
      readonly segment: number;
      readonly relayed: boolean;
    }
  | {
      readonly kind: 'evaluate';
      readonly applied: number;
      readonly which: EvaluationKind;
      readonly pieces: readonly Range[];
    }
  /** All segments of a snapshot are here: make them the present state. */
  | {
      readonly kind: 'restore';
      readonly applied: number;
      readonly lineage: Lineage;
      readonly payloads: readonly unknown[];
    }
  /** Something that people should know; goes on. */
  | { readonly kind: 'warn'; readonly failure: Failure }
  /** The end of this member. `failure` null: the run is finished. `retryAfterMillis`: come back. */
  | {
      readonly kind: 'leave';
      readonly failure: Failure | null;
      readonly retryAfterMillis: number | null;
    };

/** A piece that has come, or that was made here. */
export interface Held extends Stored {
  readonly tally: Tally;
  readonly from: MemberId;
  readonly lineage: Lineage;
  readonly node: TreeNode;
  readonly segment: number;
}

/** All that is known of one step that is not applied yet. */
export interface Work {
  readonly step: number;
  /** By segment, in the lineage of the weights. */
  readonly pieces: ReadonlyMap<number, SegmentPieces>;
  /** What came before the step began, by lineage. */
  readonly early: ReadonlyMap<Lineage, EarlyPieces>;
  /** Nodes of which every segment was made here. */
  readonly rows: readonly TreeNode[];
  /** Segments of such nodes, and of those being made, as they came. */
  readonly made: readonly PiecePlace[];
  readonly computing: readonly Range[] | null;
  /** Segments being reduced. */
  readonly reducing: ReadonlySet<number>;
  readonly assembling: boolean;
  readonly gradient: Gradient | null;
  readonly sent: Sent;
}

export interface PiecePlace {
  readonly node: TreeNode;
  readonly segment: number;
}

/** What is here of one segment. */
export interface SegmentPieces {
  /** By nodeKey. */
  readonly byNode: ReadonlyMap<string, Held>;
  /** Under all nodes together: below the step's number, one is missing for certain. */
  readonly microBatches: number;
}

export interface EarlyPieces {
  /** By pieceKey. */
  readonly byName: ReadonlyMap<string, Held>;
  /** Two of one name that differ: if the lineage turns out to be ours, somebody computes wrongly. */
  readonly conflict: readonly [Held, Held] | null;
}

/** What went to whom in this view. */
export interface Sent {
  /** So many of what was made here, each segment to who reduces it. */
  readonly made: number;
  /** Sums made here, by segment: to whom. */
  readonly sums: ReadonlyMap<number, readonly Follower[]>;
}

/** G(t) of an applied step, until nobody can need it. */
export interface Kept {
  readonly step: number;
  readonly lineage: Lineage;
  readonly root: TreeNode;
  readonly tally: Tally;
  readonly segments: readonly Stored[];
}

export interface Counters {
  /** Messages of another run, term, lineage, or of no use now. */
  readonly dropped: number;
  /** Pieces that came twice (and were equal). */
  readonly duplicates: number;
  /** Pieces whose checksum was wrong. */
  readonly corrupt: number;
}

export interface MemberState {
  readonly config: MemberConfig;
  readonly now: number;
  readonly progress: number;
  /** null before a snapshot. */
  readonly position: Position | null;
  readonly orders: Orders | null;
  /** May be of another view than the orders: then it is of no use. */
  readonly assignment: Assignment | null;
  /** Highest heard, and who spoke in it. */
  readonly term: number;
  readonly coordinator: string | null;
  readonly heardAt: number;
  /** Whether orders came since the last tick: otherwise it says hello. */
  readonly heard: boolean;
  readonly works: ReadonlyMap<number, Work>;
  readonly kept: ReadonlyMap<number, Kept>;
  /** The last 64, by step. */
  readonly records: readonly StepRecord[];
  /** Copies put aside, by steps applied; the digest is null until known. */
  readonly captured: ReadonlyMap<number, Captured>;
  readonly evaluation: {
    readonly applied: number;
    readonly which: EvaluationKind;
    readonly busy: boolean;
    readonly results: ReadonlyMap<number, PieceResult>;
  } | null;
  readonly snapshot: Snapshot | null;
  /** The state of the last snapshot taken, while learning. */
  readonly learntFrom: number | null;
  readonly millisPerMicroBatch: number;
  /** When this member last got on, and how often it has asked since. */
  readonly gotOnAt: number;
  readonly asked: number;
  readonly askedAt: number;
  /** When a peer was first asked in vain. */
  readonly silentSince: ReadonlyMap<MemberId, number>;
  readonly counters: Counters;
  readonly failure: Failure | null;
  readonly left: boolean;
  readonly reports: number;
}

export interface Captured {
  readonly lineage: Lineage;
  readonly digest: string | null;
}

/** A learner's snapshot in the making. */
export interface Snapshot {
  readonly applied: number;
  readonly lineage: Lineage | null;
  readonly segments: ReadonlyMap<number, unknown>;
  readonly count: number | null;
  readonly restoring: boolean;
}

export interface MemberTransition {
  readonly state: MemberState;
  readonly effects: readonly MemberEffect[];
}
