import t from 'tap';
import { joinStorm } from './many/join-storm.js';
import { manyTraining } from './many/many-cluster.js';
import { manyRun } from './many/many-run.js';

// Whatever the coordinator does for each worker, it does for many: once for each, and no more. What
// it writes is counted, which does not hang on what else the machine does. $MANY has other numbers.
t.setTimeout(600_000);

/** Bytes grow with workers^this: 1 where each costs the same, 2 where each costs for all others. */
const MOST_GROWTH = 1.35;

const folder = t.testdir();
const training = await manyTraining(folder);
const counts = (process.env['MANY'] ?? '6,18').split(',').map(Number);

const growth = (workers: number, before: number, bytes: number, bytesBefore: number): number =>
  Math.log(bytes / bytesBefore) / Math.log(workers / before);

void t.test(`Runs of ${counts.join(' and ')} workers`, async (t) => {
  const all = [];
  for (const workers of counts) {
    const figures = await manyRun(folder, training, workers, 5);
    t.comment(JSON.stringify(figures));
    t.equal(figures.lost, 0, 'nobody is lost');
    all.push(figures);
  }
  for (const { weightsDigest } of all) t.equal(weightsDigest, all[0]!.weightsDigest);
  const [few, many] = [all[0]!, all.at(-1)!];
  if (many.workers === few.workers) return;
  const grows = growth(many.workers, few.workers, many.bytesARound, few.bytesARound);
  t.ok(grows < MOST_GROWTH, `bytes of a step or heartbeat grow with workers^${grows.toFixed(2)}`);
});

void t.test('Workers that join a run at work, all at once', async (t) => {
  const many = counts.at(-1)!;
  const figures = await joinStorm(folder, training, many);
  t.comment(JSON.stringify(figures));
  t.equal(figures.lost, 0, 'nobody is lost');
  t.ok(figures.views <= 8, `${String(figures.views)} views for ${String(many)} workers`);
});
