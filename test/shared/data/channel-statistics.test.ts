import t from 'tap';
import { channelStatistics } from '#src/shared/data/channel-statistics.js';
import { fashionMnist } from '../../support/fashion-mnist.js';

t.test('mean and variance of each channel by itself', async (t) => {
  // Two images of 1 × 2 pixels with two channels: 0, 255, 51, 0 and 102 everywhere.
  const shape = { height: 1, width: 2, channels: 2 };
  const pixels = Uint8Array.of(0, 102, 255, 102, 51, 102, 0, 102);
  const [first, second] = channelStatistics({ shape, count: 2 }, [pixels.subarray(0, pixels.length / 2), pixels.subarray(pixels.length / 2)]); // prettier-ignore
  // 0, 1, 1/5, 0: mean 3/10, mean of squares 26/100.
  t.same(first, { mean: 0.3, variance: 0.17 });
  t.same(second, { mean: 0.4, variance: 0 });
});

t.test('those of Fashion-MNIST are the ones that everybody uses', async (t) => {
  const { train } = await fashionMnist();
  const [grey] = channelStatistics(train, [train.pixels]);
  t.equal(grey!.mean.toFixed(4), '0.2860');
  t.equal(Math.sqrt(grey!.variance).toFixed(4), '0.3530');
});

t.test('the order of the samples does not show', async (t) => {
  const shape = { height: 2, width: 1, channels: 3 };
  const image = Array.from({ length: 60 }, (_, i) => (i * i * 7 + i) % 256);
  const turned = Array.from({ length: 10 }, (_, i) => image.slice(6 * (9 - i), 6 * (10 - i)));
  const of = (pixels: number[]) =>
    channelStatistics({ shape, count: 10 }, [Uint8Array.from(pixels)]);
  t.strictSame(of(turned.flat()), of(image));
});
