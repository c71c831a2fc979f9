import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ConfigInput, RunSummary } from '#src/index.js';
import { readRecipe, readStudy } from '#src/local/study/read-study.js';
import { overlay } from '#src/shared/config/schedule.js';
import { parseStudy } from '#src/shared/study/parse-study.js';
import { sweepPlan } from '#src/shared/study/sweep-plan.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { optimizerOf } from '#src/shared/config/optimizer.js';
import { cli } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';

// Each recipe trains from the command line as it is committed, on few real images.
t.setTimeout(300_000);
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const RECIPES = readdirSync(join(REPOSITORY, 'recipes')).filter((name) => name.endsWith('.json'));
const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(330, 40));
const fewData = await writeImages(join(folder, 'few'), await realImages(16, 6));

const configOf = (name: string) => {
  const text = readFileSync(join(REPOSITORY, 'recipes', name), 'utf8');
  const { $schema: schema, ...keys } = JSON.parse(text) as Record<string, unknown>;
  const config = resolveConfig(keys, { processors: 1, now: new Date(0), cwd: '/' });
  return { schema, config };
};

t.test('there is a recipe for each of the reports', async (t) => {
  t.same(RECIPES, [
    'r1.json',
    'r2-cnn4.json',
    'r2-inceptionv3-features.json',
    'r2-inceptionv3-tune.json',
    'r2-resnet.json',
    'r3-cnn2.json',
    'r3-mlp.json',
    'r4.json',
    'r5.json',
  ]);
  const { files } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    files: string[];
  };
  t.ok(files.includes('recipes'), 'and they are in the package');
});

t.test('what the reports give, the recipes have', async (t) => {
  const r1 = configOf('r1.json').config;
  t.match(r1, { model: 'lenet5', batchSize: 128, epochs: 10, learningRate: 0.001 });
  t.match(configOf('r2-cnn4.json').config, {
    model: 'cnn4',
    validation: 12000,
    learningRate: 0.01,
    learningRateSchedule: 'plateau',
    restoreBest: true,
  });
  t.match(configOf('r2-resnet.json').config, { model: 'resnet', epochs: 10, validation: 12000 });
  t.match(configOf('r4.json').config, { model: 'cnn2bn', batchSize: 1000 });
  t.match(optimizerOf(configOf('r4.json').config), { kind: 'adam', weightDecay: 1e-5 });
  const r5 = configOf('r5.json').config;
  t.match(r5, { model: 'hybrid', batchSize: 242, optimizer: 'amsgrad', epochs: 500 });
  t.match(r5, { learningRateSchedule: 'plateau', earlyStoppingPatience: 30 });
});

t.test('the studies of the reports can be begun, and cost what they say', async (t) => {
  const folder = join(REPOSITORY, 'recipes/studies');
  const sizes: Record<string, [number, number]> = {};
  for (const name of readdirSync(folder)) {
    const { recipe, train, ...search } = parseStudy(await readStudy(join(folder, name), '/'));
    const plan = sweepPlan({ recipe, train, ...search }, overlay(await readRecipe(recipe!), train as ConfigInput) as ConfigInput); // prettier-ignore
    sizes[name] = [plan.jobs(new Map()).length, plan.work];
  }
  t.same(sizes, {
    'r1-batch.json': [16, 160],
    'r1-learning-rates.json': [6, 60],
    'r1-noise.json': [6, 60],
    'r1-range-test.json': [1, 1],
    // A plateau goes on where the rung before has ended: 26 · 1 + 8 · 2 + 2 · 6.
    'r2-grid.json': [26, 54],
  });
});

for (const recipe of RECIPES) {
  t.test(`${recipe} trains a step`, async (t) => {
    const { schema, config } = configOf(recipe);
    t.ok(existsSync(join(REPOSITORY, 'recipes', String(schema))), 'its schema is there');
    const out = join(folder, recipe);
    const small = ['--data', data, '--out', out, '--steps', '1', '--threads', '2'];
    // The sets are small here: as much to validate on as there can be.
    const validation = config.validation > 1 ? ['--validation', '60'] : [];
    const command = ['train', join('recipes', recipe), ...small, ...validation];
    // As few and as small images as there can be: its base is large.
    if (config.model === 'inceptionv3') {
      command.push('--data', fewData, '--validation', '6', '--image-size', '75');
      command.push('--batch-size', '8', '--micro-batch', '8');
      // The second phase goes on from the first.
      const first = join(folder, 'r2-inceptionv3-features.json');
      if (recipe.endsWith('tune.json')) command.push('--pretrained', first);
    }
    const run = await cli([...command, '--json', '--quiet'], { env, cwd: REPOSITORY });
    if (!t.equal(run.status, 0, run.stderr)) return;
    const summary = JSON.parse(run.stdout) as RunSummary;
    t.equal(summary.model, config.model);
    t.equal(summary.steps, 1);
    t.ok(Number.isFinite(summary.testLoss));
    t.equal(summary.validationLoss === null, config.validation === 0);
  });
}
