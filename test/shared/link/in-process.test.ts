import t from 'tap';
import { inProcessLink } from '#src/shared/link/in-process.js';

interface Note {
  readonly n: number;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test(
  'Messages arrive in order, as they are, and never within the call that sent them',
  async (t) => {
    const { a, b } = inProcessLink<Note, Note>('coordinator', 'worker');
    const got: Note[] = [];
    const first = { n: 0 };
    void a.send(first);
    b.receive((note) => got.push(note));
    for (let n = 1; n < 100; n++) void a.send({ n });
    t.equal(got.length, 0, 'nothing yet');
    await turn();
    t.strictSame(
      got.map(({ n }) => n),
      Array.from({ length: 100 }, (_, n) => n),
    );
    t.equal(got[0], first, 'the very object');
  },
);

t.test('A handler may answer, and answers come back', async (t) => {
  const { a, b } = inProcessLink<Note, Note>('coordinator', 'worker');
  const got: number[] = [];
  b.receive(({ n }) => void b.send({ n: n * 2 }));
  a.receive(({ n }) => got.push(n));
  await Promise.all([a.send({ n: 1 }), a.send({ n: 2 })]);
  await turn();
  t.strictSame(got, [2, 4]);
});

t.test('A full link makes senders wait, and gives up after its time', async (t) => {
  const options = { capacity: 2, timeoutMillis: 20 };
  const { a } = inProcessLink<Note, Note>('coordinator', 'worker', options);
  await a.send({ n: 0 });
  await a.send({ n: 1 });
  const refused = await Promise.allSettled([a.send({ n: 2 }), a.send({ n: 3 })]);
  for (const result of refused) {
    t.match(result, { status: 'rejected', reason: { code: 'LINK_FULL' } });
  }
});

t.test('A message that waited for room is not overtaken', async (t) => {
  const { a, b } = inProcessLink<Note, Note>('coordinator', 'worker', { capacity: 2 });
  const sent = [0, 1, 2, 3].map((n) => a.send({ n }));
  const got: number[] = [];
  b.receive(({ n }) => {
    got.push(n);
    if (n === 0) sent.push(a.send({ n: 4 }));
  });
  await Promise.all(sent);
  await turn();
  t.strictSame(got, [0, 1, 2, 3, 4]);
});

t.test('A closed link tells both ends, and refuses messages with a code', async (t) => {
  const { a, b } = inProcessLink<Note, Note>('coordinator', 'worker', { capacity: 1 });
  await a.send({ n: 0 });
  const waiting = a.send({ n: 1 });
  b.close('done');
  await t.rejects(waiting, { code: 'LINK_CLOSED' });
  await t.rejects(a.send({ n: 2 }), { code: 'LINK_CLOSED' });
  t.equal(await a.closed, 'done');
  t.equal(await b.closed, 'done');
});
