/** The rival at its best: which settings of PyTorch DDP are fastest here, model by model. */
import { pytorch } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = "PyTorch DDP's fastest settings on this machine (used by `steps`)";

/** One thing changed at a time; the first are ddp.py's defaults. */
const VARIANTS = [
  [],
  ['--pin'],
  ['--adam', 'foreach'],
  ['--adam', 'loop'],
  ['--layout', 'contiguous'],
  ['--bucket-mb', '1'],
  ['--bucket-mb', '100'],
  ['--compile'],
  ['--compile', '--pin'],
];

export async function run({ quick, say }) {
  const result = { batch: 256, processes: 2, models: {} };
  for (const model of ['lenet5', 'hybrid', 'cnn2bn']) {
    const raw = VARIANTS.map((flags) => ({ flags, runs: [] }));
    // The whole list again and again, so that a slow minute meets more than one of them.
    for (let round = 0; round < (quick ? 1 : 2); round++) {
      for (const { flags, runs } of raw) {
        const side = await pytorch('pytorch ddp', { model, batch: 256 }, flags);
        try {
          await side.run(5);
          for (let i = 0; i < 3; i++) {
            const { seconds, samples } = await side.run(quick ? 5 : 8);
            runs.push(samples / seconds);
          }
        } finally {
          await side.stop();
        }
      }
    }
    const variants = raw.map(({ flags, runs }) => ({
      flags,
      samplesPerSecond: median(runs),
      runs,
    }));
    const best = variants.reduce((a, b) => (b.samplesPerSecond > a.samplesPerSecond ? b : a));
    result.models[model] = { best, variants };
    say(
      `${model}: ${best.flags.join(' ') || 'defaults'}, ${Math.round(best.samplesPerSecond)} samples/s`,
    );
  }
  return result;
}

export function table({ models }) {
  const names = Object.keys(models);
  const rows = VARIANTS.map((flags, i) => [
    flags.join(' ') || '(channels-last, fused Adam, 25 MB buckets)',
    ...names.map((name) => Math.round(models[name].variants[i].samplesPerSecond)),
  ]);
  return { head: ['samples/s', ...names], rows };
}
