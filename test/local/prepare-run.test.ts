import t from 'tap';
import { prepareRun, type RunInput } from '#src/local/prepare-run.js';
import { tf } from '#src/index.js';
import { realImages } from '../support/small-runs.js';

const data = await realImages(12, 4);

async function noticesOf(input: RunInput, trainedOn?: string): Promise<readonly string[]> {
  const notices: string[] = [];
  const listener = { onNotice: (text: string): void => void notices.push(text) };
  await prepareRun({ data, batchSize: 4, engine: 'wasm', ...input }, listener, { trainedOn });
  return notices;
}

t.test('where weights come from is told of a run that begins, and not of one in use', async (t) => {
  const frozen = { model: 'inceptionv3', imageSize: 75 } as const;
  t.match(await noticesOf(frozen), [/their weights are drawn from the seed/]);
  t.same(await noticesOf(frozen, 'another set'), []);
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [28, 28, 1] }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  const [kernel] = model.getWeights();
  model.setWeights([kernel!, tf.ones([10])]);
  t.match(await noticesOf({ model }), [/was trained before .* are drawn anew from the seed/]);
  t.same(await noticesOf({ model }, 'another set'), []);
});
