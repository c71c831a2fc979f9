import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { realImages, writeImages } from '../support/small-runs.js';
import { manyRun } from './many/many-run.js';

// Whatever the coordinator does for each worker, it does for many.
t.setTimeout(300_000);

const folder = t.testdir();
const data = await writeImages(join(folder, 'data'), await realImages(512, 60));
const model = join(folder, 'linear.mjs');
writeFileSync(
  model,
  `export default ({ image, classes, tf }) => tf.sequential({ layers: [
    tf.layers.flatten({ inputShape: [image.height, image.width, image.channels] }),
    tf.layers.dense({ units: classes, activation: 'softmax' }),
  ] });`,
);
const training = [
  ...['--model', model, '--data', data, '--batch-size', '256', '--micro-batch', '1'],
  ...['--optimizer', 'sgd'],
];
const counts = (process.env['MANY'] ?? '8,16').split(',').map(Number);

const all = [];
for (const workers of counts) {
  const figures = await manyRun(folder, training, workers, 8);
  t.comment(JSON.stringify(figures));
  t.equal(figures.lost, 0, 'nobody is lost');
  all.push(figures);
}
for (const { weightsDigest } of all) t.equal(weightsDigest, all[0]!.weightsDigest);
