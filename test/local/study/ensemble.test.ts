import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ensemble, kfold, predictRun, train, type RunSummary } from '#src/index.js';
import { cli } from '../../support/cli-process.js';
import { realImages, writeImages } from '../../support/small-runs.js';

t.setTimeout(300_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const arrays = await realImages(400, 60);
const data = await writeImages(join(folder, 'data'), arrays);
const CONFIG = { model: 'mlp', data, epochs: 2, batchSize: 32, threads: 1 } as const;
const runs: RunSummary[] = [];
for (const seed of [1, 2, 3]) {
  const out = join(folder, `seed-${String(seed)}`);
  runs.push(await train({ ...CONFIG, seed, splitSeed: 1, validation: 120, out }));
}
const folders = runs.map(({ run }) => run);
const all = await ensemble({ members: folders, test: 'all', out: join(folder, 'all') });

t.test('members score as their own runs do, held out and on the test set', (t) => {
  t.equal(all.heldOutSamples, 120);
  for (const [i, member] of all.members.entries()) {
    const run = runs[i]!;
    t.equal(member.name, `seed-${String(i + 1)}`);
    t.same(member.weightsDigests, [run.weightsDigest]);
    t.equal(member.heldOut!.accuracy, run.validationAccuracy);
    t.ok(Math.abs(member.heldOut!.loss! - run.validationLoss!) < 1e-5);
    t.equal(member.test!.accuracy, run.testAccuracy);
    t.ok(Math.abs(member.test!.loss! - run.testLoss!) < 1e-5);
  }
  t.end();
});

t.test('mean and majority are those of what predict says, image by image', async (t) => {
  const images = Array.from({ length: 60 }, (_, index) => ({ kind: 'set', set: 'test', index }) as const); // prettier-ignore
  const said = await Promise.all(folders.map((run) => predictRun(run, images, { data })));
  let mean = 0;
  let majority = 0;
  images.forEach((_, i) => {
    const label = String(arrays.test.labels[i]);
    const sums = new Map<string, number>();
    const votes = new Map<string, number>();
    for (const member of said) {
      for (const { name, probability } of member[i]!.classes) {
        sums.set(name, (sums.get(name) ?? 0) + probability);
      }
      const first = member[i]!.classes[0]!.name;
      votes.set(first, (votes.get(first) ?? 0) + 1);
    }
    const best = (scores: ReadonlyMap<string, number>): string =>
      [...scores].sort((a, b) => b[1] - a[1] || sums.get(b[0])! - sums.get(a[0])!)[0]![0];
    if (best(sums) === label) mean++;
    if (best(votes) === label) majority++;
  });
  const byMethod = new Map(all.methods.map((each) => [each.method, each]));
  t.equal(byMethod.get('average')!.test!.accuracy, mean / 60);
  t.equal(byMethod.get('vote')!.test!.accuracy, majority / 60);
  t.ok(byMethod.get('stacking')!.test!.accuracy > 0.3);
});

t.test('the method is chosen by held-out samples, and it alone sees the test set', async (t) => {
  const best = Math.max(...all.methods.map(({ heldOut }) => heldOut!.accuracy));
  const choice = all.methods.find(({ heldOut }) => heldOut!.accuracy === best)!;
  t.equal(all.chosen, choice.method);
  t.equal(all.scores!.accuracy, choice.test!.accuracy);
  t.equal(all.scores!.averages.micro.f1, choice.test!.accuracy);

  const out = join(folder, 'chosen');
  const args = ['ensemble', ...folders, '--out', out];
  const { status, stdout, stderr } = await cli([...args, '--json']);
  t.equal(status, 0, stderr);
  const chosen = JSON.parse(stdout) as typeof all;
  t.same(chosen.methods.map(({ test }) => test !== null), all.methods.map(({ method }) => method === all.chosen)); // prettier-ignore
  t.ok(chosen.members.every(({ test }) => test === null));
  t.same(chosen.scores, all.scores);
  const shown = await cli(args);
  t.match(shown.stdout, new RegExp(`│ ${all.chosen} ←`));
  const learner = JSON.parse(readFileSync(join(out, 'meta-learner.json'), 'utf8')) as { weights: number[] }; // prettier-ignore
  t.equal(learner.weights.length, 3 * 10 * 10);
});

t.test('a cross-validation is a member that holds every sample back', async (t) => {
  const { model, epochs, batchSize } = CONFIG;
  const config = { model, data, epochs, batchSize };
  const study = join(folder, 'folds');
  const folds = await kfold({ config: { ...config, seed: 9 }, folds: 2, test: false }, { out: study }); // prettier-ignore
  const results = await ensemble({ members: [study, folders[0]!], test: 'none', out: join(folder, 'mixed') }); // prettier-ignore
  t.equal(results.heldOutSamples, 120, 'those that the other one holds back');
  t.equal(results.members[0]!.models, 2);
  t.equal(results.scores, null);
  const twice = join(folder, 'folds-2');
  await kfold({ config: { ...config, seed: 10 }, folds: 2, test: false }, { out: twice });
  const both = await ensemble({
    members: [study, twice],
    method: 'average',
    out: join(folder, 'both'),
  });
  t.equal(both.heldOutSamples, 400);
  // 200 and 200 samples: out of their folds they are right as often as the folds say on average.
  t.ok(Math.abs(both.members[0]!.heldOut!.accuracy - folds.accuracy.mean!) < 1e-12);
  t.ok(Math.abs(both.members[0]!.heldOut!.loss! - folds.loss.mean!) < 1e-5);
  t.equal(both.chosen, 'average');
});

t.test('members that cannot be combined are refused, and why', async (t) => {
  const other = await writeImages(join(folder, 'other'), await realImages(100, 20));
  const stranger = join(folder, 'stranger');
  await train({ ...CONFIG, data: other, epochs: 1, out: stranger });
  await t.rejects(ensemble({ members: [folders[0]!, stranger], out: join(folder, 'x') }), {
    code: 'ENSEMBLE_MISFIT',
    message: /trained on different data sets/,
  });
  const whole = join(folder, 'whole');
  await train({ ...CONFIG, epochs: 1, out: whole });
  await t.rejects(ensemble({ members: [folders[0]!, whole], out: join(folder, 'y') }), {
    code: 'ENSEMBLE_MISFIT',
    message: /hold 0 samples back in common; the choice of a method needs 1/,
  });
  const named = await ensemble({ members: [folders[0]!, whole], method: 'vote', out: join(folder, 'z') }); // prettier-ignore
  t.equal(named.chosen, 'vote');
  t.equal(named.members[0]!.heldOut, null);
  await t.rejects(ensemble({ members: [folders[0]!], out: join(folder, 'y') }), {
    code: 'CONFIG_INVALID',
    message: /members: expected two at least, got 1/,
  });
  await t.rejects(ensemble({ members: [folders[0]!, folder], out: join(folder, 'y') }), {
    code: 'STUDY_NOT_FOUND',
  });
});
