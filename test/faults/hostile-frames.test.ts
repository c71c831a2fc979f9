/**
 * A million frames of bad intent against the three schemas: each is refused with WIRE_INVALID, or
 * is a message. TEST_SEED repeats a campaign, FRAMES says how many.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import type * as z from 'zod';
import { LockstepError } from '#src/shared/errors.js';
import { decodeFrame, encodeFrame } from '#src/shared/wire/frame.js';
import {
  fromCoordinatorSchema,
  fromPeerSchema,
  fromWorkerSchema,
} from '#src/shared/wire/session.js';
import {
  isOfField,
  withBytesChanged,
  withFieldChanged,
  type HostileFrame,
  type Original,
} from '../support/hostile-frames.js';
import { FROM_COORDINATOR, FROM_PEER, FROM_WORKER } from '../support/messages.js';
import { OutcomeTable } from '../support/outcome-table.js';
import { testRandom } from '../support/random.js';
import { partsOf, rawFrame, packr } from '../support/raw-frame.js';

t.setTimeout(600_000);
const FRAMES = Number(process.env['FRAMES'] ?? 1_000_000);
const MEGABYTE = 1 << 20;
const random = testRandom('hostile frames');

interface Message {
  readonly kind: string;
}
const schemas = [fromWorkerSchema, fromCoordinatorSchema, fromPeerSchema] as const;
const samples = [FROM_WORKER, FROM_COORDINATOR, FROM_PEER].map((ofOneWay) =>
  Object.values(ofOneWay).map((ofOneKind: readonly Message[]) =>
    ofOneKind.map((message) => partsOf(encodeFrame(message))),
  ),
);

/** Which of the four gates a frame did not pass: prefix, shape, schema, bytes. */
function gateOf({ message }: LockstepError): string {
  if (message.includes('its header is not one')) return 'shape';
  if (message.includes('carries no bytes')) return 'bytes';
  return /its header (is damaged|should)|it has|it is of|it carries|second to/.test(message)
    ? 'prefix'
    : 'schema';
}

function nextFrame(original: Original): HostileFrame {
  const kind = random.below(20);
  if (kind < 12) return withFieldChanged(original, random);
  if (kind < 19) {
    return withBytesChanged(original, pick(pick(samples[random.below(3)]!)), random);
  }
  const frame = rawFrame(packr.pack(original.header), original.payload);
  return { frame, change: 'none', mayPass: true };
}

const pick = <Item>(list: readonly Item[]): Item => list[random.below(list.length)]!;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed / MEGABYTE;
}

t.test(`${FRAMES} hostile frames (TEST_SEED=${random.seed})`, (t) => {
  const byKind = new OutcomeTable();
  const byChange = new OutcomeTable();
  const faults: string[] = [];
  let fieldChanges = 0;
  let peak = 0;
  let settled = 0;
  const began = performance.now();
  for (let i = 0; i < FRAMES && faults.length < 5; i++) {
    const way = random.below(3);
    const original = pick(pick(samples[way]!));
    const { frame, change, mayPass } = nextFrame(original);
    if (change === 'none') {
      // Whole messages come to the wrong end, too.
      const wrong = (way + 1 + random.below(2)) % 3;
      outcomeOf(frame, schemas[wrong]!, true, faults);
    }
    const outcome = outcomeOf(frame, schemas[way]!, mayPass, faults);
    if (change === 'none' && outcome !== 'accepted') faults.push(`a sample is refused: ${outcome}`);
    if (faults.length > 0) faults.push(`frame ${i}, ${change}: ${frame.toString('hex', 0, 2000)}`);
    if (isOfField(change)) fieldChanges++;
    byKind.count(original.header['kind'] as string, outcome);
    byChange.count(change, outcome);
    if (i % 1000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed / MEGABYTE);
    if (i === Math.floor(FRAMES / 10)) settled = heap();
  }
  const grown = heap() - settled;
  t.strictSame(faults, [], 'each is refused as it should be, or is a message');
  t.comment(`${Math.round((performance.now() - began) / 1000)} s\n${byKind}\n\n${byChange}`);
  t.comment(`heap: at most ${Math.round(peak)} MB, ${grown.toFixed(1)} MB more at the end`);
  t.ok(fieldChanges >= FRAMES / 2);
  t.ok(byKind.total('accepted') > FRAMES / 20, 'many are messages');
  for (const gate of ['prefix', 'shape', 'schema']) {
    t.ok(byKind.total(gate) > FRAMES / 100, `many are refused at the ${gate}`);
  }
  t.ok(peak < 400, 'memory is bounded');
  t.ok(grown < 16, 'and nothing is kept');
  t.end();
});

/** What became of a frame; what must not be goes into `faults`. */
function outcomeOf(
  frame: Buffer,
  schema: z.ZodType<Message>,
  mayPass: boolean,
  faults: string[],
): string {
  let message: Message;
  try {
    message = decodeFrame(frame, schema);
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'WIRE_INVALID') {
      if (!/^[ -~]{1,600}$/.test(error.message)) faults.push(`said ${error.message}`);
      return gateOf(error);
    }
    faults.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
    return 'thrown';
  }
  if (!mayPass) faults.push('accepted what breaks a rule');
  // A message can be sent on, and is the same then.
  const again = encodeFrame(message);
  const repeated = encodeFrame(decodeFrame(again, schema));
  if (!again.equals(repeated)) faults.push('is another when it is sent on');
  return 'accepted';
}
