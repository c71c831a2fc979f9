import { readFile } from 'node:fs/promises';
import t from 'tap';
import type * as z from 'zod';
import { decodeFrame, encodeFrame } from '#src/shared/wire/frame.js';
import { msgpackFault } from '#src/shared/wire/msgpack-shape.js';
import {
  fromCoordinatorSchema,
  fromPeerSchema,
  fromWorkerSchema,
} from '#src/shared/wire/session.js';
import { packr, partsOf, rawFrame } from '../../support/raw-frame.js';
import { FROM_COORDINATOR, FROM_PEER, FROM_WORKER } from '../../support/messages.js';

interface Message {
  readonly kind: string;
}
interface Way {
  readonly schema: z.ZodType<Message>;
  readonly samples: Readonly<Record<string, readonly Message[]>>;
}

const WAYS: Readonly<Record<string, Way>> = {
  'from a worker': { schema: fromWorkerSchema, samples: FROM_WORKER },
  'from the coordinator': { schema: fromCoordinatorSchema, samples: FROM_COORDINATOR },
  'from a peer': { schema: fromPeerSchema, samples: FROM_PEER },
};

/** As they are in the source, so that a kind that the schemas forgot is missed here too. */
async function kindsIn(file: string, pattern: RegExp): Promise<string[]> {
  const source = await readFile(`src/shared/${file}`, 'utf8');
  return [...source.matchAll(pattern)].map((match) => match[1]!);
}

t.test('Every kind of message has a sample, and some way to go', async (t) => {
  const inMessages = await kindsIn('protocol/messages.ts', /readonly kind: '([a-z-]+)'/g);
  const inSession = await kindsIn('wire/session.ts', /kind: z\.literal\('([a-z-]+)'\)/g);
  t.ok(inMessages.includes('orders') && inSession.includes('join'), 'the source is understood');
  const sampled = Object.values(WAYS).flatMap(({ samples }) => Object.keys(samples));
  t.strictSame([...new Set(sampled)].sort(), [...inMessages, ...inSession].sort());
});

for (const [name, { schema, samples }] of Object.entries(WAYS)) {
  const all = Object.entries(samples).flatMap(([kind, list]) =>
    list.map((m) => [kind, m] as const),
  );

  void t.test(`Each kind that comes ${name} is the same behind the wire`, (t) => {
    for (const [kind, list] of Object.entries(samples)) t.ok(list.length > 0, kind);
    for (const [kind, message] of all) {
      t.equal(message.kind, kind);
      t.strictSame(plain(decodeFrame(encodeFrame(message), schema)), plain(message), kind);
    }
    t.end();
  });

  void t.test(`Nothing that comes ${name} has a shape that is refused`, (t) => {
    for (const [kind, message] of all) {
      const frame = encodeFrame(message);
      t.equal(msgpackFault(frame.subarray(12, 12 + frame.readUInt32LE(4))), null, kind);
    }
    t.end();
  });

  void t.test(`What comes ${name} is not taken for what comes another way`, (t) => {
    for (const { schema: other, samples: theirs } of Object.values(WAYS)) {
      for (const [kind, message] of all) {
        if (kind in theirs) continue;
        t.throws(() => decodeFrame(encodeFrame(message), other), { code: 'WIRE_INVALID' }, kind);
      }
    }
    t.end();
  });

  void t.test(`Every field that comes ${name} must be there, and no other`, (t) => {
    for (const [kind, message] of all) {
      const { header, payload } = partsOf(encodeFrame(message));
      const refused = (changed: object, what: string): void => {
        const frame = rawFrame(packr.pack(changed), payload);
        t.throws(() => decodeFrame(frame, schema), { code: 'WIRE_INVALID' }, what);
      };
      for (const field of Object.keys(header)) {
        const rest = Object.entries(header).filter(([key]) => key !== field);
        refused(Object.fromEntries(rest), `${kind} without ${field}`);
      }
      refused({ ...header, more: 1 }, `${kind} with one more`);
      refused({ ...header, payload: [] }, `${kind} with bytes in its header`);
    }
    t.end();
  });
}

/** Bytes as lists: whether they are a view or a copy, a Buffer or not, is no matter. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
