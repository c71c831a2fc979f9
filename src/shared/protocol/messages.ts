import type { ErrorCode } from '../errors.js';
import type { Standing } from '../controls/standing.js';
import type { Range } from '../numerics/micro-batches.js';
import type { TreeNode } from '../numerics/reduction-tree.js';
import type { Control, EvaluationKind, EvaluationSum, StepRecord, Tally } from './control.js';
import type { Lineage, MemberId, PieceName } from './names.js';

/**
 * Everything that coordinator and members say to each other.
 *
 * Orders, assignments and reports carry the whole of what their sender wants known, so each can be
 * repeated, lost, doubled or overtaken without harm; orders and reports are repeated with every
 * heartbeat, assignments until a report shows that they came. Steps are counted from 0; `applied` is
 * how many a member has applied, so a member that has applied t of them is working on step t.
 */

/** Ends a run or a worker; becomes a LockstepError at the rim. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly where: Readonly<Record<string, string | number>>;
  /** What it arose from, for the log of this process; never sent to another. */
  readonly cause?: unknown;
}

export interface View {
  readonly number: number;
  /** In order of rank. */
  readonly members: readonly MemberId[];
}

/** What one member does by a plan: sums that it still has, and micro-batches to compute. */
export interface Share {
  readonly plan: number;
  readonly provide: readonly TreeNode[];
  readonly compute: readonly Range[];
}

/** Who does what is in plan `plan`: the same for many steps, as long as nobody gets faster or slower. */
export interface Duty {
  readonly step: number;
  readonly plan: number;
}

/** A worker that takes a snapshot and follows, and does not yet count. */
export interface Learning {
  /** Its snapshot is of the state after this many steps. */
  readonly from: number;
  /** Who has the snapshot: members, or the coordinator (out of its folder). */
  readonly donors: readonly MemberId[];
}

/** These members put a copy of their state aside when they have applied exactly this many steps. */
export interface CaptureOrder {
  readonly applied: number;
  /** null: all. */
  readonly by: readonly MemberId[] | null;
}

export type OrdersPhase = 'gather' | 'run' | 'finished' | 'failed';

/**
 * Coordinator → every member and learner: how the run stands. The same for all, and of the same
 * size however many they are.
 */
export interface Orders {
  readonly kind: 'orders';
  readonly run: string;
  readonly term: number;
  /** Which coordinator process; two of the same term are told apart. */
  readonly coordinator: string;
  /** Grows with every word spoken in a term: what was overtaken is not heeded. */
  readonly sequence: number;
  /** Number of the view. */
  readonly view: number;
  /** `gather`: stop applying, report, wait. */
  readonly phase: OrdersPhase;
  /** The state that the view goes on from: the highest that any member had applied. */
  readonly base: number;
  /** The grant: no member may have applied more steps than this. */
  readonly upTo: number;
  /** Every member has applied this many. */
  readonly stable: number;
  /** Gradients of steps below this are needed by nobody: at most `stable`. */
  readonly release: number;
  /** Records of steps below this are on disk. */
  readonly durable: number;
  /** For steps release … upTo − 1, as far as they are known. */
  readonly controls: readonly Control[];
  /** For steps stable … upTo. */
  readonly duties: readonly Duty[];
  readonly captures: readonly CaptureOrder[];
  readonly failure: Failure | null;
}

/** Who is to have the sums, and what it owes to them. */
export interface Follower {
  readonly member: MemberId;
  /** By plan; of a learner none. */
  readonly shares: readonly Share[];
}

/**
 * Coordinator → one member or learner: what is its own. Sent when it changes, and again to whose
 * reports do not show that it came. It says who computes what and sends it to whom, never what is
 * right: with an old one nothing wrong is computed, only less.
 */
export interface Assignment {
  readonly kind: 'assignment';
  readonly run: string;
  readonly term: number;
  readonly coordinator: string;
  readonly to: MemberId;
  /** Grows from one assignment to the next in a term, as `sequence` of the orders. */
  readonly number: number;
  /** Number of the view that it is for; in another one it is void. */
  readonly view: number;
  /** null: it is a member. */
  readonly learning: Learning | null;
  /** Segment s of every row is reduced by reducers[s mod their number]. */
  readonly reducers: readonly MemberId[];
  /** Of the plans in use. */
  readonly shares: readonly Share[];
  /** To those who reduce: everybody. To others: nobody, for they need not know. */
  readonly followers: readonly Follower[];
  /** To those who have not applied `base`: some who have kept what they lack. */
  readonly sources: readonly MemberId[];
  /** Who cannot be reached: messages to them go through the coordinator. */
  readonly relayed: readonly MemberId[];
  /** What to evaluate at a state; pieces are counted through all sets. */
  readonly evaluation: {
    readonly applied: number;
    readonly which: EvaluationKind;
    readonly pieces: readonly Range[];
  } | null;
}

/** Computing and stalled look alike except for `progress`, which then does not move. */
export type Activity = 'computing' | 'waiting' | 'learning' | 'left';

/** Member → coordinator. */
export interface Report {
  readonly kind: 'report';
  readonly run: string;
  readonly from: MemberId;
  /** Grows with every report: what was overtaken is not heeded. */
  readonly sequence: number;
  /** Highest term that the member has heard, from whom, and the view that it follows (0: none). */
  readonly term: number;
  readonly coordinator: string | null;
  readonly view: number;
  /** Number of its assignment of this term; 0: none. */
  readonly assignment: number;
  /** null: no state yet. */
  readonly applied: number | null;
  readonly lineage: Lineage | null;
  /** Of the state after `applied` steps, before its evaluation; null where the run has none. */
  readonly standing: Standing | null;
  /** Those that are not durable yet, by step. */
  readonly records: readonly StepRecord[];
  /** Whole rows of step `applied` that it has or is just computing. */
  readonly holds: readonly TreeNode[];
  /** Steps whose whole gradient it still has, for those who lack it. */
  readonly keeps: readonly number[];
  readonly activity: Activity;
  /** A learner: the state of the snapshot that it has taken; else null. */
  readonly learntFrom: number | null;
  /** Grows while the compute threads do. */
  readonly progress: number;
  /** Measured; 0 before the first. */
  readonly millisPerMicroBatch: number;
  readonly captured: readonly { readonly applied: number; readonly digest: string }[];
  /** Peers that owe something and are silent. */
  readonly unreachable: readonly MemberId[];
  readonly failure: Failure | null;
}

/** Worker → coordinator, until orders name it. */
export interface Hello {
  readonly kind: 'hello';
  readonly run: string;
  readonly from: MemberId;
  /** The same in every life of this worker. */
  readonly worker: string;
  /** Name → digest of everything that decides the bits. */
  readonly identity: Readonly<Record<string, string>>;
  readonly report: Report;
}

/** Coordinator → worker, or worker → coordinator of an old term. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly run: string;
  readonly from: MemberId;
  readonly to: MemberId;
  /** Which coordinator process is meant, where it goes to one. */
  readonly coordinator: string | null;
  readonly term: number;
  readonly failure: Failure;
  /** A worker may come back, as another member, after this long; null: never. */
  readonly retryAfterMillis: number | null;
}

/** One segment of one sum. `checksum` is CRC-32C over name, tally and bytes, made at the source. */
export interface Piece extends PieceName {
  readonly kind: 'piece';
  readonly run: string;
  readonly from: MemberId;
  readonly tally: Tally;
  readonly checksum: number;
  /** The bytes, as the rim keeps them; opaque to the machines. */
  readonly payload: unknown;
}

/** Asks a peer for pieces again. */
export interface Want {
  readonly kind: 'want';
  readonly run: string;
  readonly from: MemberId;
  readonly step: number;
  readonly lineage: Lineage;
  readonly pieces: readonly { readonly node: TreeNode; readonly segment: number }[];
}

/** Asks a donor for segments of its captured state. */
export interface WantSnapshot {
  readonly kind: 'want-snapshot';
  readonly run: string;
  readonly from: MemberId;
  readonly applied: number;
  readonly segments: readonly number[];
}

/** One segment of a captured state. */
export interface SnapshotPiece {
  readonly kind: 'snapshot-piece';
  readonly run: string;
  readonly from: MemberId;
  readonly applied: number;
  readonly lineage: Lineage;
  readonly segment: number;
  readonly segments: number;
  readonly checksum: number;
  readonly payload: unknown;
}

/** Member → coordinator: results of evaluation pieces, idempotent by index. */
export interface Evaluated {
  readonly kind: 'evaluated';
  readonly run: string;
  readonly from: MemberId;
  readonly applied: number;
  readonly which: EvaluationKind;
  readonly lineage: Lineage;
  readonly results: readonly PieceResult[];
}

export interface PieceResult {
  readonly piece: number;
  /** float32 bits as uint32. */
  readonly lossBits: number;
  readonly correct: number;
}

/** Answers a want that cannot be met yet: I am here. */
export interface NotYet {
  readonly kind: 'not-yet';
  readonly run: string;
  readonly from: MemberId;
}

export type PeerMessage = Piece | Want | NotYet | WantSnapshot | SnapshotPiece;

/** Member → coordinator → member. */
export interface Relay {
  readonly kind: 'relay';
  readonly run: string;
  readonly from: MemberId;
  readonly to: MemberId;
  readonly message: PeerMessage;
}

export type ToCoordinator = Hello | Report | Refusal | Evaluated | Relay | WantSnapshot;
export type ToMember = Orders | Assignment | Refusal | PeerMessage;
export type Message = ToCoordinator | ToMember;

/** What is evaluated at a state: sets in order, each with its number of pieces and samples. */
export interface EvaluationPlan {
  readonly set: string;
  readonly pieces: number;
  readonly samples: number;
}

export type { EvaluationSum };
