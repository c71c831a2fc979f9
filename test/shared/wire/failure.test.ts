import t from 'tap';
import { LockstepError } from '#src/shared/errors.js';
import { failureOf } from '#src/shared/protocol/failure.js';
import type { Failure } from '#src/shared/protocol/messages.js';
import { failureSchema, outwardFailure } from '#src/shared/wire/failure.js';
import { decodeFrame, encodeFrame } from '#src/shared/wire/frame.js';
import { fromCoordinatorSchema, fromWorkerSchema } from '#src/shared/wire/session.js';
import { FROM_COORDINATOR, FROM_WORKER } from '../../support/messages.js';

const cause = new Error('secret');
const failures: Readonly<Record<string, Failure>> = {
  'one of ours': failureOf(new LockstepError('LINK_CLOSED', 'closed', { where: { step: 3 } })),
  'one with a cause': failureOf(new LockstepError('LINK_CLOSED', 'closed', { cause })),
  'an error of the engine': failureOf(new RangeError('x')),
  'what was thrown and is no error': failureOf({ some: 'thing' }),
};

t.test('Each kind of failure arrives, and its cause does not', (t) => {
  for (const [name, failure] of Object.entries(failures)) {
    const { code, message, hint, where } = failure;
    const expected = { code, message, hint, where };
    const report = { ...FROM_WORKER.report[0]!, failure };
    const sent = [
      { message: report, schema: fromWorkerSchema },
      { message: { ...FROM_WORKER.refusal[0]!, failure }, schema: fromWorkerSchema },
      { message: { ...FROM_COORDINATOR.orders[0]!, failure }, schema: fromCoordinatorSchema },
    ] as const;
    for (const { message, schema } of sent) {
      const frame = encodeFrame(message);
      t.notOk(frame.includes('secret'), name);
      t.strictSame((decodeFrame(frame, schema as never) as Failing).failure, expected, name);
    }
    const hello = { ...FROM_WORKER.hello[0]!, report };
    const heard = decodeFrame(encodeFrame(hello), fromWorkerSchema) as typeof hello;
    t.strictSame(heard.report.failure, expected, `${name}, in the report of a hello`);
    t.ok('cause' in failure, 'the sender keeps it');
  }
  t.end();
});

t.test('A long failure is cut to what is accepted', (t) => {
  const long = 'x'.repeat(100_000);
  const failure = { code: 'LINK_CLOSED', message: long, hint: long, where: { [long]: long } };
  const { message, hint, where } = outwardFailure(failure as unknown as Failure);
  t.strictSame([message.length, hint.length], [16384, 4096]);
  t.strictSame(where, { ['x'.repeat(100)]: 'x'.repeat(1000) });
  t.ok(failureSchema.safeParse({ ...failure, message, hint, where }).success);
  t.notOk(failureSchema.safeParse({ ...failure, hint, where }).success);
  t.end();
});

t.test('A code that nobody knows is refused', (t) => {
  t.notOk(failureSchema.safeParse({ code: 'OUCH', message: '', hint: '', where: {} }).success);
  t.end();
});

interface Failing {
  readonly failure: Failure;
}
