import type { Failure } from '#src/shared/protocol/messages.js';
import type { FromCoordinator, FromPeer, FromWorker } from '#src/shared/wire/session.js';

/** Messages of every kind that a connection carries, with every field filled and at its edges. */
export type Samples<Message extends { readonly kind: string }> = {
  readonly [Kind in Message['kind']]: readonly Extract<Message, { readonly kind: Kind }>[];
};

const run = 'c0ffee';
const alice = 'alice.1';
const bob = 'bob@host:7.2';
const lineage = '0123456789abcdef';
const digest = 'f'.repeat(64);
const tally = { samples: 17, correct: 3, hash: 2n ** 64n - 1n };
const node = { first: 4, end: 7 };
const failure: Failure = {
  code: 'LINK_FULL',
  message: 'bob hat nichts genommen – 30 s lang ☹',
  hint: '',
  where: { step: 12, host: 'höst', ratio: 0.25, loss: NaN },
};
const control = {
  step: 9,
  learningRateBits: 0x3dcccccd,
  evaluation: [
    { set: 'test', samples: 10000, lossSum: 123.456, correct: 9123 },
    { set: 'overflown', samples: 1, lossSum: NaN, correct: 0 },
  ],
};

const standing = {
  epoch: { samples: 640, correct: 511, lossSum: 12.5 },
  plateau: { best: 0.25, wait: 2, cooldown: 1, reductions: 3 },
  stopping: { best: null, wait: 4 },
  best: { step: 6, value: -0.5 },
};

const report = {
  kind: 'report',
  run,
  from: alice,
  sequence: Number.MAX_SAFE_INTEGER,
  term: 2,
  coordinator: 'coordinator.1',
  view: 3,
  assignment: 76,
  applied: 9,
  lineage,
  standing,
  records: [
    { step: 8, before: lineage, after: 'a', control, digest: 'ab', lossBits: 0xffffffff, tally },
  ],
  holds: [node, { first: 0, end: 1 }],
  keeps: [7, 8],
  activity: 'learning',
  learntFrom: 5,
  progress: 2 ** 40,
  millisPerMicroBatch: 12.75,
  captured: [{ applied: 9, digest: lineage }],
  unreachable: [bob],
  failure,
} as const;

const emptyReport = {
  ...report,
  coordinator: null,
  applied: null,
  lineage: null,
  standing: null,
  records: [],
  holds: [],
  keeps: [],
  learntFrom: null,
  captured: [],
  unreachable: [],
  failure: null,
} as const;

const orders = {
  kind: 'orders',
  run,
  term: 1,
  coordinator: 'coordinator.1',
  sequence: 77,
  view: 3,
  phase: 'run',
  base: 4,
  upTo: 12,
  stable: 9,
  release: 8,
  durable: 7,
  controls: [control],
  duties: [{ step: 9, plan: 2 }],
  captures: [
    { applied: 10, by: [alice, bob] },
    { applied: 11, by: null },
  ],
  failure,
} as const;

const share = { plan: 2, provide: [node], compute: [{ first: 7, end: 9 }] };
const assignment = {
  kind: 'assignment',
  run,
  term: 1,
  coordinator: 'coordinator.1',
  to: bob,
  number: 76,
  view: 3,
  learning: { from: 9, donors: [alice, 'coordinator'] },
  reducers: [alice, bob],
  shares: [share],
  followers: [
    { member: bob, shares: [share] },
    { member: 'carol.1', shares: [] },
  ],
  sources: [alice],
  relayed: ['carol.1'],
  evaluation: { applied: 9, which: 'rest', pieces: [{ first: 0, end: 3 }] },
} as const;

const refusal = {
  kind: 'refusal',
  run,
  from: alice,
  to: bob,
  coordinator: 'coordinator.1',
  term: 4,
  failure,
  retryAfterMillis: 1500,
} as const;

const payload = Uint8Array.of(0, 0, 128, 63, 255, 1, 2, 3);
const piece = {
  kind: 'piece',
  run,
  from: alice,
  step: 9,
  lineage,
  node,
  segment: 2,
  tally,
  checksum: 0xfffffffe,
  payload,
} as const;
const snapshotPiece = {
  kind: 'snapshot-piece',
  run,
  from: alice,
  applied: 9,
  lineage,
  segment: 0,
  segments: 3,
  checksum: 1,
  payload,
} as const;
const want = {
  kind: 'want',
  run,
  from: bob,
  step: 9,
  lineage,
  pieces: [{ node, segment: 65535 }],
} as const;
const wantSnapshot = {
  kind: 'want-snapshot',
  run,
  from: bob,
  applied: 9,
  segments: [0, 2],
} as const;
const notYet = { kind: 'not-yet', run, from: bob } as const;

const peerMessages = {
  piece: [
    piece,
    { ...piece, payload: new Uint8Array(0) },
    { ...piece, tally: { ...tally, hash: 0n } },
  ],
  want: [want, { ...want, pieces: [] }],
  'want-snapshot': [wantSnapshot],
  'snapshot-piece': [snapshotPiece],
  'not-yet': [notYet],
} as const;

const relayOf = <Message>(message: Message) =>
  ({ kind: 'relay', run, from: alice, to: bob, message }) as const;

export const FROM_WORKER: Samples<FromWorker> = {
  hello: [
    { kind: 'hello', run, from: alice, worker: 'alice', identity: { model: digest }, report },
    { kind: 'hello', run, from: alice, worker: '', identity: {}, report: emptyReport },
  ],
  report: [report, emptyReport],
  refusal: [refusal],
  evaluated: [
    {
      kind: 'evaluated',
      run,
      from: alice,
      applied: 9,
      which: 'best',
      lineage,
      results: [{ piece: 3, lossBits: 0x7fc00000, correct: 100 }],
    },
  ],
  relay: Object.values(peerMessages).flatMap((list) => list.map((message) => relayOf(message))),
  'want-snapshot': [wantSnapshot],
  'snapshot-piece': [snapshotPiece],
  'not-yet': [notYet],
  join: [
    {
      kind: 'join',
      version: '0.2.0',
      member: alice,
      worker: 'alice',
      host: 'höst',
      pid: 4711,
      threads: 8,
      listen: { host: null, port: 7334, tls: false },
    },
  ],
  'want-data': [{ kind: 'want-data', digest, first: 0, end: 1 << 20 }],
  'want-addresses': [{ kind: 'want-addresses', members: [alice, bob] }],
  timing: [
    { kind: 'timing', step: 9, stepSeconds: 0.5, computeSeconds: 0.25, updateSeconds: 1e-9 },
  ],
  trace: [
    {
      kind: 'trace',
      clock: { asked: 1e12, received: 1e12 + 0.25, sent: 1e12 + 1 },
      spans: [
        {
          track: 'to bob',
          name: 'send',
          begin: 1e12,
          end: 1e12 + 0.5,
          facts: { step: 3, from: 'bob' },
        },
      ],
      dropped: 2,
    },
    { kind: 'trace', clock: null, spans: [], dropped: 0 },
  ],
};

export const FROM_COORDINATOR: Samples<FromCoordinator> = {
  orders: [
    orders,
    { ...orders, phase: 'gather', controls: [], duties: [], captures: [], failure: null },
  ],
  assignment: [
    assignment,
    { ...assignment, learning: null, shares: [], followers: [], sources: [], evaluation: null },
  ],
  refusal: [{ ...refusal, coordinator: null, retryAfterMillis: null }],
  ...peerMessages,
  welcome: [
    {
      kind: 'welcome',
      run,
      version: '0.2.0',
      identity: { model: digest, kernels: lineage },
      config: {
        seed: 1,
        learningRate: 0.1,
        name: 'x',
        schedule: { kind: 'cosine', at: [1, null] },
      },
      model: {
        class_name: 'Sequential',
        config: { layers: [{ a: true, b: [[['x', 0, 0, {}]]] }] },
      },
      initialWeights: { digest: 'ab'.repeat(32), bytes: 4096 },
      data: {
        name: 'fashion-mnist',
        digest,
        bytes: 54_950_000,
        height: 28,
        width: 28,
        channels: 1,
        trainCount: 60000,
        testCount: 10000,
        classes: ['T-shirt', 'Überhose'],
      },
      segments: 8,
      heartbeatMillis: 200,
      retryMillis: 500,
      unreachableMillis: 5000,
      coordinatorLostMillis: 60_000,
      traced: false,
    },
  ],
  data: [{ kind: 'data', digest, first: 1 << 20, checksum: 5, payload }],
  clock: [{ kind: 'clock', asked: 1e12 + 0.5 }],
  addresses: [
    {
      kind: 'addresses',
      members: [
        { member: alice, url: 'ws://[::1]:7701' },
        { member: bob, url: null },
      ],
    },
  ],
};

export const FROM_PEER: Samples<FromPeer> = {
  ...peerMessages,
  greeting: [{ kind: 'greeting', run, from: alice, to: bob }],
};
