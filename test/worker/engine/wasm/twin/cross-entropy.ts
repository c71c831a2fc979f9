import { zerosLike, type Map64 } from './maps.js';

/** Softmax cross entropy, summed over the batch, and its gradient: softmax less one-hot. */
export function crossEntropy(
  logits: Map64,
  labels: Uint16Array,
): { loss: number; gradient: Map64 } {
  const { channels } = logits;
  const gradient = zerosLike(logits);
  let loss = 0;
  labels.forEach((label, b) => {
    const z = logits.values.subarray(b * channels, (b + 1) * channels);
    const most = Math.max(...z);
    const sum = z.reduce((total, value) => total + Math.exp(value - most), 0);
    loss += Math.log(sum) + most - z[label]!;
    z.forEach((value, c) => {
      const probability = Math.exp(value - most) / sum;
      gradient.values[b * channels + c] = probability - (c === label ? 1 : 0);
    });
  });
  return { loss, gradient };
}
