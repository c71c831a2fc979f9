/** Evaluation of the 10,000 test images on two cores, against PyTorch at its best setting here. */
import { alternate, medians, ratio } from '../lib/alternate.mjs';
import { inference, pytorchInference } from '../lib/sides.mjs';

export const title = 'Inference: the test set on two cores (wanted: at least 2 × PyTorch)';

/** One process of two threads or two of one, by batch; each eager, and frozen by TorchScript. */
const VARIANTS = [1, 2].flatMap((ranks) =>
  [64, 256, 1000].flatMap((batch) =>
    [[], ['--freeze']].map((freeze) => ['--ranks', ranks, '--batch', batch, ...freeze].map(String)),
  ),
);

export async function run({ quick, say }) {
  const result = { threads: 2, models: {} };
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    const tuned = await bestVariant(model, quick ? VARIANTS.slice(0, 2) : VARIANTS);
    const sides = [];
    try {
      sides.push(await inference('lockstep', { model, threads: 2 }));
      sides.push(await inference('lockstep --fast-math', { model, threads: 2, fastMath: true }));
      sides.push(await pytorchInference('pytorch', { model }, tuned.best.flags));
      const plan = quick ? { steps: 1, rounds: 3, warmUp: 1 } : { steps: 2, rounds: 7, warmUp: 2 };
      const raw = await alternate(sides, plan);
      const ratios = {
        plain: ratio(raw, 'lockstep', 'pytorch'),
        fastMath: ratio(raw, 'lockstep --fast-math', 'pytorch'),
      };
      result.models[model] = { samplesPerSecond: medians(raw), ratios, tuned, raw };
      say(`${model}: ${ratios.plain.median.toFixed(2)} × PyTorch (${tuned.best.flags.join(' ')})`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

async function bestVariant(model, variants) {
  const tried = [];
  for (const flags of variants) {
    const side = await pytorchInference('pytorch', { model }, flags);
    try {
      await side.run(1);
      const { seconds, samples } = await side.run(2);
      tried.push({ flags, samplesPerSecond: samples / seconds });
    } finally {
      await side.stop();
    }
  }
  const best = tried.reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a));
  return { best, tried };
}

export function table({ models }) {
  const rows = Object.entries(models).map(([model, { samplesPerSecond: s, ratios, tuned }]) => [
    model,
    Math.round(s['lockstep']),
    Math.round(s['lockstep --fast-math']),
    Math.round(s['pytorch']),
    tuned.best.flags.join(' '),
    `${ratios.plain.median.toFixed(2)} ×`,
    `${ratios.fastMath.median.toFixed(2)} ×`,
  ]);
  return {
    head: ['samples/s', 'lockstep', '--fast-math', 'PyTorch', 'its setting', 'lockstep ÷ PyTorch', '--fast-math ÷ PyTorch'], // prettier-ignore
    rows,
  };
}
