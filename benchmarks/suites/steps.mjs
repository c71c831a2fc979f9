/** Global batch 256, micro-batch 128, against PyTorch DDP and tfjs. */
import { tfjs } from '../lib/sides.mjs';
import { MODELS, measureSteps, stepTable } from '../lib/step-suite.mjs';

export const title = 'Whole training steps, two threads against two processes';

/** tfjs takes minutes for what the others do in seconds: smaller batches, fewer of them. */
const TFJS_BATCH = 8;

export async function run({ quick, say }) {
  const result = await measureSteps({ batch: 256, microBatch: 128, steps: 10 }, { quick, say });
  for (const model of MODELS) {
    result.models[model].tfjs = await measureTfjs(model, quick);
    say(`${model}: tfjs ${result.models[model].tfjs.samplesPerSecond.toFixed(2)} samples/s`);
  }
  return result;
}

/** Far apart enough that turns would show nothing more. */
async function measureTfjs(model, quick) {
  const side = await tfjs('tfjs', { model, batch: TFJS_BATCH });
  try {
    const runs = [];
    for (let i = 0; i < (quick ? 1 : 2); i++) runs.push(await side.run(1));
    const seconds = Math.min(...runs.map((each) => each.seconds));
    return { batch: TFJS_BATCH, samplesPerSecond: TFJS_BATCH / seconds, about: side.about, runs };
  } finally {
    await side.stop();
  }
}

export function table(result) {
  return stepTable(result, ['tfjs'], ({ tfjs: { samplesPerSecond } }) => [
    samplesPerSecond.toFixed(1),
  ]);
}
