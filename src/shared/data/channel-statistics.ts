import type { ImageSet } from './image-set.js';

/** Of one channel over all pixels of a set, bytes divided by 255. */
export interface ChannelStatistics {
  readonly mean: number;
  /** Biased: divided by the number of pixels. */
  readonly variance: number;
}

/**
 * Mean and variance of each channel over the whole set, whose pixels come in blocks of whole images.
 * The sums are integers, so the result does
 * not depend on the order of the samples, nor on the machine: float64, rounded once or twice.
 */
export function channelStatistics(
  { shape, count }: Pick<ImageSet, 'shape' | 'count'>,
  blocks: Iterable<Uint8Array>,
): readonly ChannelStatistics[] {
  const { channels } = shape;
  // How often each byte occurs: exact for any number of pixels, and one addition a pixel.
  const histograms = Array.from({ length: channels }, () => new Float64Array(256));
  for (const pixels of blocks) {
    histograms.forEach((histogram, channel) => {
      for (let i = channel; i < pixels.length; i += channels) histogram[pixels[i]!]! += 1;
    });
  }
  const perChannel = BigInt(count * shape.height * shape.width);
  return histograms.map((histogram) => {
    let sum = 0n;
    let squares = 0n;
    histogram.forEach((times, byte) => {
      sum += BigInt(times) * BigInt(byte);
      squares += BigInt(times) * BigInt(byte * byte);
    });
    const spread = perChannel * squares - sum * sum;
    return {
      mean: Number(sum) / Number(perChannel * 255n),
      variance: Number(spread) / Number(perChannel * perChannel * 65025n),
    };
  });
}
