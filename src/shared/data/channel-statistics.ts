import type { ImageSet } from './image-set.js';

/** Of one channel over all pixels of a set, bytes divided by 255. */
export interface ChannelStatistics {
  readonly mean: number;
  /** Biased: divided by the number of pixels. */
  readonly variance: number;
}

/**
 * Mean and variance of each channel over the whole set. The sums are integers, so the result does
 * not depend on the order of the samples, nor on the machine: float64, rounded once or twice.
 */
export function channelStatistics({
  shape,
  count,
  pixels,
}: Pick<ImageSet, 'shape' | 'count' | 'pixels'>): readonly ChannelStatistics[] {
  const { channels } = shape;
  const perChannel = BigInt(count * shape.height * shape.width);
  return Array.from({ length: channels }, (_, channel) => {
    // How often each byte occurs: exact for any number of pixels, and one addition a pixel.
    const histogram = new Float64Array(256);
    for (let i = channel; i < pixels.length; i += channels) histogram[pixels[i]!]! += 1;
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
