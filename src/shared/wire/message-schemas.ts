import * as z from 'zod';
import { standingSchema } from '../controls/standing.js';
import { EVALUATION_KINDS } from '../protocol/control.js';
import type {
  Assignment,
  Evaluated,
  Hello,
  NotYet,
  Orders,
  Piece,
  Refusal,
  Relay,
  Report,
  SnapshotPiece,
  Want,
  WantSnapshot,
} from '../protocol/messages.js';
import { anyNumber, failureSchema as failure } from './failure.js';

/**
 * What the machines' messages look like on the wire: every field, with its bounds. The types beside
 * the schemas hold them to `protocol/messages.ts`.
 */
const MOST_MEMBERS = 4096;
const MOST_LIST = 65536;
/** Steps that are under way at a time. */
const MOST_DUTIES = 64;

const text = (length: number) => z.string().max(length);
export const memberId = z.string().regex(/^[!-~]{1,160}$/);
export const runId = z.string().regex(/^[0-9a-f]{1,64}$/);
const hex = z.string().regex(/^[0-9a-f]{1,64}$/);
const count = z.int().min(0);
const uint32 = z.int().min(0).max(0xffffffff);
const millis = z.number().min(0).max(1e12);
/** msgpack gives small ones as numbers. */
const uint64 = z.preprocess(
  (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : value),
  z
    .bigint()
    .min(0n)
    .max((1n << 64n) - 1n),
);
const range = z
  .strictObject({ first: count, end: count })
  .refine(({ first, end }) => first < end, 'a range is empty');
const ranges = z.array(range).max(MOST_LIST);
const members = z.array(memberId).max(MOST_MEMBERS);
const segment = z
  .int()
  .min(0)
  .max(MOST_LIST - 1);
const tally = z.strictObject({ samples: count, correct: count, hash: uint64 });

const evaluationSum = z.strictObject({
  set: text(100),
  samples: count,
  lossSum: anyNumber,
  correct: count,
});
const control = z.strictObject({
  step: count,
  learningRateBits: uint32,
  evaluation: z.array(evaluationSum).max(16),
});
const record = z.strictObject({
  step: count,
  before: hex,
  after: hex,
  control,
  digest: hex,
  lossBits: uint32,
  tally,
});
const duty = z.strictObject({ step: count, plan: count });
const shares = z
  .array(z.strictObject({ plan: count, provide: ranges, compute: ranges }))
  .max(MOST_DUTIES);
const evaluationKind = z.enum(EVALUATION_KINDS);

export const orders = z.strictObject({
  kind: z.literal('orders'),
  run: runId,
  term: count,
  coordinator: memberId,
  sequence: count,
  view: count,
  phase: z.enum(['gather', 'run', 'finished', 'failed']),
  base: count,
  upTo: count,
  stable: count,
  release: count,
  durable: count,
  controls: z.array(control).max(1024),
  duties: z.array(duty).max(MOST_DUTIES),
  captures: z.array(z.strictObject({ applied: count, by: members.nullable() })).max(1024),
  failure: failure.nullable(),
}) satisfies z.ZodType<Orders>;

export const assignment = z.strictObject({
  kind: z.literal('assignment'),
  run: runId,
  term: count,
  coordinator: memberId,
  to: memberId,
  number: count,
  view: count,
  learning: z.strictObject({ from: count, donors: members }).nullable(),
  reducers: members,
  shares,
  followers: z.array(z.strictObject({ member: memberId, shares })).max(MOST_MEMBERS),
  sources: members,
  relayed: members,
  evaluation: z.strictObject({ applied: count, which: evaluationKind, pieces: ranges }).nullable(),
}) satisfies z.ZodType<Assignment>;

export const report = z.strictObject({
  kind: z.literal('report'),
  run: runId,
  from: memberId,
  sequence: count,
  term: count,
  coordinator: memberId.nullable(),
  view: count,
  assignment: count,
  applied: count.nullable(),
  lineage: hex.nullable(),
  standing: standingSchema.nullable(),
  records: z.array(record).max(1024),
  holds: ranges,
  keeps: z.array(count).max(1024),
  activity: z.enum(['computing', 'waiting', 'learning', 'left']),
  learntFrom: count.nullable(),
  progress: count,
  millisPerMicroBatch: millis,
  captured: z.array(z.strictObject({ applied: count, digest: hex })).max(1024),
  unreachable: members,
  failure: failure.nullable(),
}) satisfies z.ZodType<Report>;

export const hello = z.strictObject({
  kind: z.literal('hello'),
  run: runId,
  from: memberId,
  worker: text(200),
  identity: z.record(text(200), text(200)),
  report,
}) satisfies z.ZodType<Hello>;

export const refusal = z.strictObject({
  kind: z.literal('refusal'),
  run: runId,
  from: memberId,
  to: memberId,
  coordinator: memberId.nullable(),
  term: count,
  failure,
  retryAfterMillis: millis.nullable(),
}) satisfies z.ZodType<Refusal>;

export const evaluated = z.strictObject({
  kind: z.literal('evaluated'),
  run: runId,
  from: memberId,
  applied: count,
  which: evaluationKind,
  lineage: hex,
  results: z
    .array(z.strictObject({ piece: count, lossBits: uint32, correct: count }))
    .max(MOST_LIST),
}) satisfies z.ZodType<Evaluated>;

/** The bytes follow the header; see frame.ts. */
const payload = z.undefined().optional();

export const piece = z.strictObject({
  kind: z.literal('piece'),
  run: runId,
  from: memberId,
  step: count,
  lineage: hex,
  node: range,
  segment,
  tally,
  checksum: uint32,
  payload,
});

export const snapshotPiece = z.strictObject({
  kind: z.literal('snapshot-piece'),
  run: runId,
  from: memberId,
  applied: count,
  lineage: hex,
  segment,
  segments: z.int().min(1).max(MOST_LIST),
  checksum: uint32,
  payload,
});

export const want = z.strictObject({
  kind: z.literal('want'),
  run: runId,
  from: memberId,
  step: count,
  lineage: hex,
  pieces: z.array(z.strictObject({ node: range, segment })).max(MOST_LIST),
}) satisfies z.ZodType<Want>;

export const wantSnapshot = z.strictObject({
  kind: z.literal('want-snapshot'),
  run: runId,
  from: memberId,
  applied: count,
  segments: z.array(segment).max(MOST_LIST),
}) satisfies z.ZodType<WantSnapshot>;

export const notYet = z.strictObject({
  kind: z.literal('not-yet'),
  run: runId,
  from: memberId,
}) satisfies z.ZodType<NotYet>;

const peerMessages = [piece, want, notYet, wantSnapshot, snapshotPiece] as const;

export const relay = z.strictObject({
  kind: z.literal('relay'),
  run: runId,
  from: memberId,
  to: memberId,
  message: z.discriminatedUnion('kind', peerMessages),
});

/** Kinds whose bytes are not in the header, and so not in the schema's type. */
type WithBytes<Schema extends z.ZodType, Message> =
  z.output<Schema> extends Omit<Message, 'payload'> ? true : never;
true satisfies WithBytes<typeof piece, Piece>;
true satisfies WithBytes<typeof snapshotPiece, SnapshotPiece>;
true satisfies WithBytes<typeof relay, Omit<Relay, 'message'>>;

export const fromMember = [hello, report, refusal, evaluated, relay, wantSnapshot] as const;
export const toMember = [orders, assignment, refusal, ...peerMessages] as const;
export const betweenPeers = peerMessages;
