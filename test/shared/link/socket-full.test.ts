import t from 'tap';
import { FROM_COORDINATOR } from '../../support/messages.js';
import { linkPair } from '../../support/sockets.js';

const MEGABYTE = 1 << 20;
const message = { ...FROM_COORDINATOR.data[0]!, payload: new Uint8Array(MEGABYTE) };

const external = (): number => process.memoryUsage().arrayBuffers / MEGABYTE;

t.test('A peer that does not read: LINK_FULL in time, memory as agreed', async (t) => {
  const timeoutMillis = 500;
  const capacityBytes = 4 * MEGABYTE;
  const { coordinator, sockets } = await linkPair(t, { capacityBytes, timeoutMillis });
  sockets[0]!.pause();
  const before = external();
  const began = performance.now();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 500 }, () => coordinator.send(message)),
  );
  const millis = performance.now() - began;
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  t.ok(refused.length > 450, `${refused.length} of 500 are refused`);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    if ((reason as { code?: string }).code !== 'LINK_FULL') t.fail(String(reason));
  }
  t.ok(millis >= 490 && millis < 3000, `after ${Math.round(millis)} ms`);
  t.match((refused[0] as PromiseRejectedResult).reason, {
    message: /worker has not taken a message for 500 ms; \d+ bytes wait before it/,
  });
  const grown = external() - before;
  t.ok(grown < 16, `${Math.round(grown)} MB more, for 500 MB that were to be sent`);
});

t.test('What fits the capacity of the link is not waited for without end, either', async (t) => {
  const { coordinator, sockets } = await linkPair(t, { timeoutMillis: 200 });
  sockets[0]!.pause();
  // Within the capacity of the link, and more than the system takes.
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, () => coordinator.send(message)),
  );
  const last = outcomes.at(-1)!;
  t.match(last, { status: 'rejected', reason: { code: 'LINK_FULL' } });
});

t.test('When it reads again, sending goes on, in order', async (t) => {
  const capacityBytes = 2 * MEGABYTE;
  const { worker, coordinator, sockets } = await linkPair(t, { capacityBytes, timeoutMillis: 300 });
  const got: number[] = [];
  worker.receive((piece) => got.push((piece as typeof message).first));
  sockets[0]!.pause();
  await Promise.allSettled(
    Array.from({ length: 50 }, (_, first) => coordinator.send({ ...message, first })),
  );
  sockets[0]!.resume();
  await coordinator.send({ ...message, first: 1000 });
  while (got.at(-1) !== 1000) await new Promise((resolve) => setTimeout(resolve, 5));
  t.ok(
    got.every((first, i) => i === 0 || first > got[i - 1]!),
    `${got.length} arrived, in order`,
  );
  t.ok(got.length < 50, 'those that were refused before they left are not among them');
});

t.test('A close refuses at once what waits and what is under way', async (t) => {
  const { coordinator, sockets } = await linkPair(t, { capacityBytes: MEGABYTE });
  sockets[0]!.pause();
  const sends = Array.from({ length: 30 }, () => coordinator.send(message));
  const began = performance.now();
  coordinator.close('enough');
  const outcomes = await Promise.allSettled(sends);
  t.ok(performance.now() - began < 1000, 'not after 30 s');
  t.match(outcomes.at(-1), { status: 'rejected', reason: { code: 'LINK_CLOSED' } });
  t.equal(await coordinator.closed, 'enough');
  await new Promise((resolve) => sockets[1]!.once('close', resolve));
  t.ok(performance.now() - began < 5000, 'and a peer that does not answer is cut off');
});

t.test('Nobody who listens is no reason to keep all that comes', async (t) => {
  const { coordinator } = await linkPair(t, { timeoutMillis: 500, capacityBytes: MEGABYTE });
  const before = external();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 300 }, () => coordinator.send(message)),
  );
  t.match(outcomes.at(-1), { status: 'rejected', reason: { code: 'LINK_FULL' } });
  const grown = external() - before;
  t.ok(grown < 32, `${Math.round(grown)} MB more, at both ends`);
});
