import { join } from 'node:path';
import t from 'tap';
import { train } from '#src/index.js';
import { loadDataset } from '#src/coordinator/data/load-dataset.js';
import { inMemory } from '#src/shared/data/stored-set.js';
import { splitData } from '#src/local/split-data.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import type { ConfigInput } from '#src/shared/config/schema.js';
import { realImages, writeImages } from '../../support/small-runs.js';

t.setTimeout(300_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] = join(folder, 'cache');
const data = await writeImages(join(folder, 'data'), await realImages(300, 40));
const whole = await loadDataset({ data });
const split = (config: ConfigInput) =>
  splitData(whole, resolveConfig(config, { processors: 1, now: new Date(0), cwd: '/' }));

t.test('noise is in what is trained on, and nowhere else', (t) => {
  const clean = split({ validation: 100, seed: 3 });
  const noisy = split({ validation: 100, seed: 3, classNoise: 0.3, attributeNoise: 0.1 });
  t.same(noisy.validation, clean.validation);
  t.same(noisy.test, clean.test);
  t.equal(noisy.digest, clean.digest);
  t.same(whole.train, noisy.whole.train, 'the data set itself stays as it is');
  const wrong = noisy.train.labels.filter((label, i) => label !== clean.train.labels[i]).length;
  t.ok(wrong > 35 && wrong < 85, `${String(wrong)} of 200 labels`);
  const [{ pixels }, before] = [inMemory(noisy.train), inMemory(clean.train)];
  const changed = pixels.filter((value, i) => value !== before.pixels[i]).length;
  // Some are replaced by what they were: the corners of all images are black.
  t.ok(changed > 0.05 * pixels.length && changed < 0.1 * pixels.length, String(changed / pixels.length)); // prettier-ignore
  t.end();
});

t.test('the same samples are hit whatever else is held back', (t) => {
  const noise = { seed: 3, classNoise: 0.3 } as const;
  const all = split(noise).train.labels;
  const folds = [1, 2].map((fold) => split({ ...noise, folds: 2, fold, splitSeed: 9 }));
  const wrong = (labels: Uint16Array, clean: Uint16Array): number =>
    labels.filter((label, i) => label !== clean[i]).length;
  const parts = folds.map(({ train }, i) => wrong(train.labels, folds[1 - i]!.validation!.labels));
  t.equal(parts[0]! + parts[1]!, wrong(all, whole.train.labels));
  t.end();
});

t.test('classes that are not there are refused', (t) => {
  t.throws(() => split({ classNoise: 0.1, classNoisePairs: '0-10' }), {
    code: 'CONFIG_INVALID',
    message: 'classNoisePairs names class 10; the data set has 0 to 9.',
  });
  t.end();
});

t.test('a run on noisy data has the same weights on any threads, and after an end', async (t) => {
  const config = { model: 'mlp', data, batchSize: 50, seed: 3, classNoise: 0.2, attributeNoise: 0.1, validation: 60 } as const; // prettier-ignore
  const one = await train({ ...config, epochs: 2, threads: 1, out: join(folder, 'one') });
  const short = await train({ ...config, epochs: 1, threads: 2, out: join(folder, 'two') });
  const two = await train({ resume: short.run, epochs: 2, threads: 2 });
  t.equal(two.weightsDigest, one.weightsDigest);
  const clean = await train({ ...config, classNoise: 0, attributeNoise: 0, epochs: 2, threads: 2, out: join(folder, 'clean') }); // prettier-ignore
  t.not(clean.weightsDigest, one.weightsDigest);
});
