import { join } from 'node:path';
import t from 'tap';
import { train } from '#src/index.js';
import { realImages, smallNet } from '../support/small-runs.js';
import { crossingSpans, readTimeline } from '../support/timeline.js';

t.setTimeout(300_000);

const base = { data: await realImages(330, 20), batchSize: 90, microBatch: 30, epochs: 2 } as const;

void t.test('where the time of a run on two threads went', async (t) => {
  const folder = t.testdir();
  const trace = join(folder, 'run.json');
  const out = join(folder, 'traced');
  const traced = await train({ ...base, model: smallNet(), threads: 2, out, trace });
  const plain = await train({ ...base, model: smallNet(), threads: 1, out: join(folder, 'plain') });
  t.equal(traced.weightsDigest, plain.weightsDigest);

  const { spans, marks } = readTimeline(trace);
  t.strictSame(crossingSpans(spans), []);
  const named = (track: string, name: string) =>
    spans.filter((span) => span.track === track && span.name === name);
  const steps = Array.from({ length: 8 }, (_, i) => i + 1);
  for (const name of ['compute', 'exchange', 'update']) {
    t.strictSame(
      named('step', name).map(({ facts }) => facts['step']),
      steps,
      name,
    );
  }
  t.strictSame(
    named('step', 'evaluate').map(({ facts }) => facts['step']),
    [4, 8],
  );
  for (const thread of ['thread 0', 'thread 1']) {
    // The probe row comes before the first step.
    const computed = named(thread, 'compute').slice(-8);
    computed.forEach(({ begin, end, facts }, i) => {
      const whole = named('step', 'compute')[i]!;
      t.equal(facts['step'], i + 1);
      t.ok(begin >= whole.begin && end <= whole.end, `${thread} within step ${i + 1}`);
      t.ok(end > begin);
    });
  }
  t.equal(named('disk', 'checkpoint').length, 2);
  t.ok(marks.includes('epoch 2 ends'), marks.join('; '));
});

void t.test('a run that goes on is not traced unless asked', async (t) => {
  const folder = t.testdir();
  const out = join(folder, 'run');
  const trace = join(folder, 'trace.json');
  const input = { ...base, threads: 1, data: base.data };
  await train({ ...input, model: smallNet(), epochs: 1, out, trace });
  const { spans } = readTimeline(trace);
  await train({ model: smallNet(), data: base.data, resume: out, epochs: 2 });
  t.strictSame(readTimeline(trace).spans, spans);
});
