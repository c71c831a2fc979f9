/** Whole training steps a second: Lockstep's full run, plain and --fast-math, against PyTorch DDP. */
import { alternate, medians, ratio } from './alternate.mjs';
import { fullRun, pytorch } from './sides.mjs';

export const MODELS = ['lenet5', 'hybrid', 'cnn2bn'];

/**
 * @param {{ batch: number, microBatch: number, steps: number }} sizes `steps`: in a round
 * @param {{ quick: boolean, say: (text: string) => void }} how
 */
export async function measureSteps({ batch, microBatch, steps }, { quick, say }) {
  const result = { batch, microBatch, threads: 2, models: {} };
  for (const model of MODELS) {
    const config = { model, batch, microBatch, threads: 2 };
    const sides = [];
    try {
      sides.push(await fullRun('lockstep', config));
      sides.push(await fullRun('lockstep --fast-math', { ...config, fastMath: true }));
      sides.push(await pytorch('pytorch ddp', config));
      checkSameNetwork(sides);
      const plan = quick
        ? { steps: Math.ceil(steps / 2), rounds: 3, warmUp: 3 }
        : { steps, rounds: 7, warmUp: 5 };
      const raw = await alternate(sides, plan);
      const against = {
        'lockstep / pytorch ddp': ratio(raw, 'lockstep', 'pytorch ddp'),
        'lockstep --fast-math / pytorch ddp': ratio(raw, 'lockstep --fast-math', 'pytorch ddp'),
      };
      const about = Object.fromEntries(sides.map((side) => [side.name, side.about]));
      result.models[model] = { samplesPerSecond: medians(raw), ratios: against, about, raw };
      say(`${model}: ${describe(medians(raw))}`);
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return result;
}

function checkSameNetwork(sides) {
  const trained = sides.map(({ name, about }) => `${name} ${about.parameters}`);
  if (new Set(sides.map(({ about }) => about.parameters)).size > 1) {
    throw new Error(`The sides train different networks; parameters: ${trained.join(', ')}`);
  }
}

function describe(figures) {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Math.round(value)}`)
    .join(', ');
}

/** `more`: further columns of a model, before the ratios. */
export function stepTable({ models }, heads = [], more = () => []) {
  const times = ({ median }) => `${median.toFixed(2)} ×`;
  const rows = Object.entries(models).map(([model, figures]) => {
    const { samplesPerSecond: s, ratios } = figures;
    return [
      model,
      Math.round(s['lockstep']),
      Math.round(s['lockstep --fast-math']),
      Math.round(s['pytorch ddp']),
      ...more(figures),
      times(ratios['lockstep / pytorch ddp']),
      times(ratios['lockstep --fast-math / pytorch ddp']),
    ];
  });
  const head = ['samples/s', 'lockstep', '--fast-math', 'PyTorch DDP', ...heads, 'lockstep ÷ DDP', '--fast-math ÷ DDP']; // prettier-ignore
  return { head, rows };
}
