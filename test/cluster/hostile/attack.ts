import { setTimeout as after } from 'node:timers/promises';
import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import type { Token } from '#src/shared/link/token.js';
import { encodeFrame } from '#src/shared/wire/frame.js';
import { fromPeerSchema, type FromCoordinator, type FromPeer } from '#src/shared/wire/session.js';
import { withFieldChanged } from '../../support/hostile-frames.js';
import { FROM_COORDINATOR, FROM_PEER } from '../../support/messages.js';
import type { OutcomeTable } from '../../support/outcome-table.js';
import type { TestRandom } from '../../support/random.js';
import { packr, partsOf, rawFrame } from '../../support/raw-frame.js';
import { addressed, type Tamed } from './tame-coordinator.js';

type Parts = ReturnType<typeof partsOf>;
const FRAMES_A_LINK = 20;
const ANSWER_MILLISECONDS = 10_000;

const partsOfAll = (samples: Readonly<Record<string, readonly { kind: string }[]>>) =>
  Object.values(samples).map((list) => list.map((message) => partsOf(encodeFrame(message))));
const OF_COORDINATOR = partsOfAll(FROM_COORDINATOR);
const OF_PEER = partsOfAll(FROM_PEER);

const HUGE = Number.MAX_SAFE_INTEGER;
/** Valid in every field, and far from what a run has: ranges without end, lists as long as may be. */
const EXTREMES: readonly FromCoordinator[] = [
  {
    ...FROM_COORDINATOR.assignment[0]!,
    ...{
      number: HUGE,
      learning: null,
      evaluation: { applied: 4, which: 'regular', pieces: [{ first: 0, end: HUGE }] },
    },
  },
  {
    ...FROM_COORDINATOR.assignment[0]!,
    ...{ number: HUGE - 1, learning: null, reducers: [] },
    shares: [{ plan: 2, provide: [], compute: [{ first: 0, end: HUGE }] }],
  },
  {
    ...FROM_COORDINATOR.orders[0]!,
    ...{ upTo: HUGE, stable: HUGE, release: HUGE, durable: HUGE, failure: null },
  },
  {
    ...FROM_COORDINATOR.want[0]!,
    pieces: Array.from({ length: 65536 }, () => ({ node: { first: 0, end: 8 }, segment: 0 })),
  },
  {
    ...FROM_COORDINATOR['want-snapshot'][0]!,
    segments: Array.from({ length: 65536 }, (_, segment) => segment),
  },
];
const EXTREME_PARTS = EXTREMES.map((message) => partsOf(encodeFrame(message)));

export interface Attack {
  readonly run: string;
  readonly random: TestRandom;
  readonly outcomes: OutcomeTable;
  /** Whether there is one more to send; counts it. */
  readonly next: () => boolean;
}

/** Frames of a coordinator that its worker obeys, one field of most changed. */
export async function attackAsCoordinator(worker: Tamed, attack: Attack): Promise<void> {
  const { join, link, socket } = worker;
  let answered: () => void = () => undefined;
  worker.onMessage = ({ kind }) => {
    if (kind === 'not-yet' || kind === 'relay') answered();
  };
  // It has put no such state aside: it says so, once it has dealt with all before it.
  const question = {
    kind: 'want-snapshot',
    run: '',
    from: 'coordinator',
    applied: 1e9,
    segments: [0],
  } as const;
  await inflict(attack, link.closed, (run) => {
    const isExtreme = attack.random.below(15) === 0;
    const parts = pick(attack.random, isExtreme ? [EXTREME_PARTS] : OF_COORDINATOR);
    const kind = String(parts.header['kind']);
    const header = addressed(parts.header, run, 'coordinator', join.member);
    const own = { header, payload: parts.payload };
    const frame = isExtreme
      ? rawFrame(packr.pack(header), parts.payload)
      : hostile(own, attack.random);
    socket.send(frame, () => undefined);
    void link.send({ ...question, run }).catch(() => undefined);
    return {
      kind: isExtreme ? `extreme ${kind}` : kind,
      answer: new Promise((resolve) => (answered = resolve)),
    };
  });
  link.close('enough');
}

/** Frames of a worker that has the token and has no part in the run. */
export async function attackAsPeer(
  { url, join }: Pick<Tamed, 'url' | 'join'>,
  token: Token,
  from: string,
  attack: Attack,
): Promise<void> {
  const socket = await dial(url, token);
  const link = new SocketLink<FromPeer, FromPeer>(socket, { peer: url, accepts: fromPeerSchema });
  let answered: () => void = () => undefined;
  link.receive(({ kind }) => {
    if (kind === 'not-yet') answered();
  });
  await inflict(attack, link.closed, (run, isFirst) => {
    if (isFirst) void link.send({ kind: 'greeting', run, from, to: join.member });
    const { header, payload } = pick(attack.random, OF_PEER);
    const own = addressed(header, run, from, join.member);
    socket.send(hostile({ header: own, payload }, attack.random), () => undefined);
    void link
      .send({ kind: 'want', run, from, step: 1e9, lineage: '0', pieces: [] })
      .catch(() => undefined);
    return { kind: String(header['kind']), answer: new Promise((resolve) => (answered = resolve)) };
  });
  link.close('enough');
}

/** Greets as one worker and speaks as another; resolves with why it was cut off. */
export async function speakForAnother(
  { url, join }: Pick<Tamed, 'url' | 'join'>,
  token: Token,
  run: string,
): Promise<string> {
  const socket = await dial(url, token);
  const link = new SocketLink<FromPeer, FromPeer>(socket, { peer: url, accepts: fromPeerSchema });
  await link.send({ kind: 'greeting', run, from: 'evil', to: join.member });
  await link.send({ kind: 'not-yet', run, from: 'good' });
  return link.closed;
}

/** One frame after the other, each followed by a question, until one ends the connection. */
async function inflict(
  { next, outcomes, run }: Attack,
  closed: Promise<string>,
  send: (run: string, isFirst: boolean) => { kind: string; answer: Promise<void> },
): Promise<void> {
  for (let i = 0; i < FRAMES_A_LINK && next(); i++) {
    const { kind, answer } = send(run, i === 0);
    const late = new AbortController();
    const outcome = await Promise.race([
      answer.then(() => 'heard'),
      closed.then(reasonOf),
      after(ANSWER_MILLISECONDS, 'silent', { signal: late.signal }).catch(() => 'silent'),
    ]);
    late.abort();
    outcomes.count(kind, outcome);
    if (outcome !== 'heard') return;
  }
}

const reasonOf = (reason: string): string =>
  reason
    .replace(/:.*/s, '')
    .replace(/speaks for .*/s, 'speaks for another')
    .replace(/^it speaks/, 'speaks');

/** One in ten as it is: what may be said. */
function hostile(parts: Parts, random: TestRandom): Buffer {
  if (random.below(10) === 0) return rawFrame(packr.pack(parts.header), parts.payload);
  return withFieldChanged(parts, random).frame;
}

function pick(random: TestRandom, kinds: readonly (readonly Parts[])[]): Parts {
  const list = kinds[random.below(kinds.length)]!;
  return list[random.below(list.length)]!;
}
