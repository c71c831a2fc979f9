import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { crossingSpans, readTimeline, type TimelineEvent } from '../support/timeline.js';
import { referenceRun } from './reference-run.js';

// One timeline of all workers, on one clock, however their own clocks are set.
t.setTimeout(300_000);

const SHIFTED = fileURLToPath(new URL('shifted-clock.js', import.meta.url));

const reference = await referenceRun(t);

void t.test('two workers, one an hour ahead', async (t) => {
  const trace = join(reference.folder, 'timeline.json');
  await reference.inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '2', '--trace', trace);
    cluster.work('a', '--threads', '1');
    cluster.workWith({ load: SHIFTED }, 'b', '--threads', '2');
  });
  const { spans, marks } = readTimeline(trace);
  t.strictSame(crossingSpans(spans), []);
  t.ok(marks.some((text) => text.includes('Worker b')));

  const updates = (worker: string): Map<unknown, TimelineEvent> =>
    new Map(
      spans
        .filter(
          ({ process, track, name }) => process === worker && track === 'step' && name === 'update',
        )
        .map((span) => [span.facts['step'], span]),
    );
  const [a, b] = [updates('a'), updates('b')];
  const both = [...a.keys()].filter((step) => b.has(step));
  t.ok(both.length >= 30, `${both.length} steps of 40 by both`);
  const apart = both.map((step) => Math.abs(a.get(step)!.begin - b.get(step)!.begin));
  t.ok(Math.max(...apart) < 20_000, `updates at most ${Math.max(...apart).toFixed(1)} ms apart`);

  const threads = new Set(spans.filter(({ process }) => process === 'b').map(({ track }) => track));
  for (const track of ['step', 'rows', 'thread 0', 'thread 1']) t.ok(threads.has(track), track);
  const sent = spans.filter(({ process, name }) => process === 'b' && name === 'send');
  t.ok(sent.length > 0 && sent.every(({ facts }) => typeof facts['segment'] === 'number'));
});
