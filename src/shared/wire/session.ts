import * as z from 'zod';
import type {
  NotYet,
  SnapshotPiece,
  ToCoordinator,
  ToMember,
  PeerMessage,
} from '../protocol/messages.js';
import {
  betweenPeers,
  fromMember,
  memberId,
  notYet,
  runId,
  toMember,
  snapshotPiece,
} from './message-schemas.js';

/**
 * What processes say to each other about themselves, around what the machines say: who joins, what
 * the run is, where its data and its members are.
 */
const count = z.int().min(0);
const text = (length: number) => z.string().max(length);
const seconds = z.number().min(0).max(1e9);
const MOST_ADDRESSES = 4096;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Worker → coordinator: the first message of every connection. */
const join = z.strictObject({
  kind: z.literal('join'),
  /** Version of the program. */
  version: text(64),
  member: memberId,
  /** The same in every life of the worker. */
  worker: text(160).regex(/^[!-~]+$/),
  host: text(256),
  pid: count,
  threads: z.int().min(1).max(4096),
  /** Where peers reach it; host null: at the address that it connects from. null: nowhere. */
  listen: z
    .strictObject({
      host: text(256).nullable(),
      port: z.int().min(1).max(65535),
      /** Whether links to it are encrypted. */
      tls: z.boolean(),
    })
    .nullable(),
});

/** Coordinator → worker: everything that a worker must know to compute the run's bits. */
const welcome = z.strictObject({
  kind: z.literal('welcome'),
  run: runId,
  version: text(64),
  identity: z.record(text(200), text(200)),
  /** The run's configuration, resolved; what says who computes is the worker's own to choose. */
  config: z.record(text(100), z.json()),
  /** tfjs's topology of the model, without weights. */
  model: z.json(),
  /** Digest of the initial weights, float32 little-endian [bytes / 4]; asked for like data. */
  initialWeights: z.strictObject({ digest: sha256, bytes: count }),
  data: z.strictObject({
    name: text(256),
    digest: sha256,
    bytes: count,
    height: count,
    width: count,
    channels: count,
    trainCount: count,
    testCount: count,
    classes: z.array(text(1000)).max(65536),
  }),
  segments: z.int().min(1).max(65536),
  heartbeatMillis: z.number().min(1).max(60_000),
  retryMillis: z.number().min(1).max(3_600_000),
  unreachableMillis: z.number().min(1).max(3_600_000),
  coordinatorLostMillis: z.number().min(1).max(86_400_000),
  /** Whether the run's timeline is written: workers tell what they do. */
  traced: z.boolean(),
});

/** Worker → coordinator: bytes of the decoded data set, or of the initial weights, by digest. */
const wantData = z.strictObject({
  kind: z.literal('want-data'),
  digest: sha256,
  first: count,
  end: count,
});

const data = z.strictObject({
  kind: z.literal('data'),
  digest: sha256,
  first: count,
  checksum: z.int().min(0).max(0xffffffff),
  payload: z.undefined().optional(),
});

/** Worker → coordinator: where the time of its last step went. */
const timing = z.strictObject({
  kind: z.literal('timing'),
  step: count,
  stepSeconds: seconds,
  computeSeconds: seconds,
  updateSeconds: seconds,
});

const wallClock = z.number().min(0).max(1e14);

/** Coordinator → worker, in a traced run: what its clock says, in milliseconds since 1970. */
const clock = z.strictObject({ kind: z.literal('clock'), asked: wallClock });

/** Worker → coordinator, in a traced run: what it has been doing; see Span. */
const trace = z.strictObject({
  kind: z.literal('trace'),
  /** The coordinator's last word of its clock, when it came, and when this leaves; null: none yet. */
  clock: z.strictObject({ asked: wallClock, received: wallClock, sent: wallClock }).nullable(),
  spans: z
    .array(
      z.strictObject({
        track: text(200),
        name: text(64),
        begin: wallClock,
        end: wallClock,
        facts: z.record(text(32), z.union([count, text(200)])),
      }),
    )
    .max(4096),
  /** How many spans were left out so far: more than could be told. */
  dropped: count,
});

/** Worker → coordinator: where are these? Asked when there is something to say to them. */
const wantAddresses = z.strictObject({
  kind: z.literal('want-addresses'),
  members: z.array(memberId).max(MOST_ADDRESSES),
});

/** Coordinator → worker: the answer. Who is not there is left out; url null: nowhere. */
const addresses = z.strictObject({
  kind: z.literal('addresses'),
  members: z
    .array(z.strictObject({ member: memberId, url: text(512).nullable() }))
    .max(MOST_ADDRESSES),
});

/** The first message of a connection between two workers. */
const greeting = z.strictObject({
  kind: z.literal('greeting'),
  run: runId,
  from: memberId,
  to: memberId,
});

export type Join = z.output<typeof join>;
export type Welcome = z.output<typeof welcome>;
export type DataManifest = Welcome['data'];
export type WantData = z.output<typeof wantData>;
export type DataPiece = Omit<z.output<typeof data>, 'payload'> & { readonly payload: Uint8Array };
export type Timing = z.output<typeof timing>;
export type Trace = z.output<typeof trace>;
export type Clock = z.output<typeof clock>;
export type WantAddresses = z.output<typeof wantAddresses>;
export type Addresses = z.output<typeof addresses>;
export type Greeting = z.output<typeof greeting>;

/** The coordinator, too, asks members for their snapshots, and is answered. */
export type FromWorker =
  ToCoordinator | SnapshotPiece | NotYet | Join | WantData | WantAddresses | Timing | Trace;
export type FromCoordinator = ToMember | Welcome | DataPiece | Addresses | Clock;
export type FromPeer = PeerMessage | Greeting;

const union = <Message>(
  schemas: readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
) => z.discriminatedUnion('kind', schemas) as unknown as z.ZodType<Message>;

export const fromWorkerSchema = union<FromWorker>([
  ...fromMember,
  snapshotPiece,
  notYet,
  join,
  wantData,
  wantAddresses,
  timing,
  trace,
]);
export const fromCoordinatorSchema = union<FromCoordinator>([
  ...toMember,
  welcome,
  data,
  addresses,
  clock,
]);
export const fromPeerSchema = union<FromPeer>([...betweenPeers, greeting]);
/** What an HTTP answer says where a connection is not let in. */
export { failureSchema as refusalSchema } from './failure.js';
