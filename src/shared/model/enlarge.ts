import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LockstepError } from '../errors.js';
import type { Apply } from './apply-layers.js';
import { tf } from './tfjs.js';

/**
 * Grey or colour images [batch, height, width, 1 or 3] of values from 0 to 1 as a network for colour
 * photographs takes them: three channels from −1 to 1, `size` × `size`. A frozen 1 × 1 convolution
 * spreads grey over three channels; then each side is enlarged by the greatest whole factor, along
 * lines between pixels, and what is missing is filled with the value of black around the image: where
 * the factor leaves it, before, so that 28 × 28 with a border of one pixel become 150 × 150.
 *
 * Errors: MODEL_MISFIT, for images larger than `size` or of other channels.
 */
export function enlarge(apply: Apply, images: SymbolicTensor, size: number): SymbolicTensor {
  const [, height, width, channels] = images.shape as [null, number, number, number];
  if (height > size || width > size || (channels !== 1 && channels !== 3)) {
    throw new LockstepError(
      'MODEL_MISFIT',
      `Images of ${height} × ${width} × ${channels} do not become ${size} × ${size} × 3.`,
      { hint: 'Take images of 1 or 3 channels, and an --image-size that is not below theirs.' },
    );
  }
  const factors = [Math.floor(size / height), Math.floor(size / width)] as const;
  const inner = [Math.floor(size / factors[0]), Math.floor(size / factors[1])] as const;
  const pad = (x: SymbolicTensor, to: Size, from: Size): SymbolicTensor => {
    if (to[0] === from[0] && to[1] === from[1]) return x;
    return apply(tf.layers.zeroPadding2d({ padding: [margins(to[0], from[0]), margins(to[1], from[1])] as never }), x); // prettier-ignore
  };
  // In raw values black is 0, which is what is padded with: so before they are shifted.
  let x = pad(images, inner, [height, width]);
  const enlarged = [inner[0] * factors[0], inner[1] * factors[1]] as const;
  if (factors[0] > 1 || factors[1] > 1) {
    const sampling = tf.layers.upSampling2d({ size: [...factors], interpolation: 'bilinear' });
    x = apply(sampling, x);
  }
  return apply(scaled(channels), pad(x, [size, size], enlarged), 'rgb');
}

type Size = readonly [number, number];

/** Half on either side, the odd one behind. */
function margins(to: number, from: number): [number, number] {
  const before = Math.floor((to - from) / 2);
  return [before, to - from - before];
}

/** 2·x − 1: of one channel three times, of three channels each for itself. */
function scaled(channels: number) {
  const two = tf.initializers.constant({ value: 2 });
  const minusOne = tf.initializers.constant({ value: -1 });
  const common = { kernelSize: 1, biasInitializer: minusOne, trainable: false } as const;
  return channels === 1
    ? tf.layers.conv2d({ ...common, filters: 3, kernelInitializer: two })
    : tf.layers.depthwiseConv2d({ ...common, depthMultiplier: 1, depthwiseInitializer: two });
}
