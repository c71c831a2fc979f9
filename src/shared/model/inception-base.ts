import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Apply } from './apply-layers.js';
import { tf } from './tfjs.js';

/** Blocks of the base that have a name in Keras, `mixed0` to `mixed10`; a stem stands before them. */
export const INCEPTION_BLOCKS = 11;

/** Convolutions of the base, each with a batch norm. */
export const INCEPTION_CONVOLUTIONS = 94;

type Padding = 'same' | 'valid';
type Size = readonly [height: number, width: number];

/**
 * Inception v3 without its top (Szegedy et al. 2015, arXiv:1512.00567, as Keras builds it, from which
 * pretrained weights come): 21,802,784 weights, of which 34,432 are moving statistics. Layers are made
 * in Keras's order and have Keras's names, so that weights are found by them. The last `unfrozen`
 * blocks train, but for their batch norms, which keep to the statistics that they come with.
 *
 * @param x images [batch, height, width, 3] of values from −1 to 1, 75 × 75 or larger.
 * @returns [batch, ⌊(height − 43) / 32⌋, …, 2048]; 3 × 3 maps for 150 × 150.
 */
export function inceptionBase(apply: Apply, x: SymbolicTensor, unfrozen: number): SymbolicTensor {
  const base = new Base(apply, unfrozen);
  let map = base.stem(x);
  for (const pooled of [32, 64, 64]) map = base.mixed35(map, pooled);
  map = base.reduction17(map);
  for (const inner of [128, 160, 160, 192]) map = base.mixed17(map, inner);
  map = base.reduction8(map);
  for (let i = 0; i < 2; i++) map = base.mixed8(map);
  return map;
}

/** The name that Keras gives the n-th layer of a kind, from 0. */
export const kerasName = (kind: string, n: number): string => (n === 0 ? kind : `${kind}_${n}`);

class Base {
  readonly #apply: Apply;
  readonly #unfrozen: number;
  #convolutions = 0;
  #blocks = 0;
  #others = 0;

  constructor(apply: Apply, unfrozen: number) {
    this.#apply = apply;
    this.#unfrozen = unfrozen;
  }

  stem(x: SymbolicTensor): SymbolicTensor {
    let y = this.#conv(x, 32, [3, 3], 'valid', 2, true);
    y = this.#conv(y, 32, [3, 3], 'valid', 1, true);
    y = this.#maxPool(this.#conv(y, 64, [3, 3], 'same', 1, true));
    y = this.#conv(y, 80, [1, 1], 'valid', 1, true);
    return this.#maxPool(this.#conv(y, 192, [3, 3], 'valid', 1, true));
  }

  /** Figure 5 of the paper, with 5 × 5 in one of its branches: `mixed0` to `mixed2`. */
  mixed35(x: SymbolicTensor, pooled: number): SymbolicTensor {
    return this.#join([
      this.#conv(x, 64, [1, 1]),
      this.#conv(this.#conv(x, 48, [1, 1]), 64, [5, 5]),
      this.#chain(x, [64, [1, 1]], [96, [3, 3]], [96, [3, 3]]),
      this.#conv(this.#averagePool(x), pooled, [1, 1]),
    ]);
  }

  /** Half the size: `mixed3`. */
  reduction17(x: SymbolicTensor): SymbolicTensor {
    return this.#join([
      this.#conv(x, 384, [3, 3], 'valid', 2),
      this.#conv(this.#chain(x, [64, [1, 1]], [96, [3, 3]]), 96, [3, 3], 'valid', 2),
      this.#maxPool(x),
    ]);
  }

  /** Figure 6, with n = 7: `mixed4` to `mixed7`. */
  mixed17(x: SymbolicTensor, inner: number): SymbolicTensor {
    return this.#join([
      this.#conv(x, 192, [1, 1]),
      this.#chain(x, [inner, [1, 1]], [inner, [1, 7]], [192, [7, 1]]),
      this.#chain(
        x,
        [inner, [1, 1]],
        [inner, [7, 1]],
        [inner, [1, 7]],
        [inner, [7, 1]],
        [192, [1, 7]],
      ),
      this.#conv(this.#averagePool(x), 192, [1, 1]),
    ]);
  }

  /** Half the size again: `mixed8`. */
  reduction8(x: SymbolicTensor): SymbolicTensor {
    return this.#join([
      this.#conv(this.#conv(x, 192, [1, 1]), 320, [3, 3], 'valid', 2),
      this.#conv(
        this.#chain(x, [192, [1, 1]], [192, [1, 7]], [192, [7, 1]]),
        192,
        [3, 3],
        'valid',
        2,
      ),
      this.#maxPool(x),
    ]);
  }

  /** Figure 7: `mixed9` and `mixed10`. */
  mixed8(x: SymbolicTensor): SymbolicTensor {
    const first = this.#conv(x, 320, [1, 1]);
    const apart = (y: SymbolicTensor): SymbolicTensor =>
      this.#concatenate([this.#conv(y, 384, [1, 3]), this.#conv(y, 384, [3, 1])]);
    const second = apart(this.#conv(x, 384, [1, 1]));
    const third = apart(this.#chain(x, [448, [1, 1]], [384, [3, 3]]));
    return this.#join([first, second, third, this.#conv(this.#averagePool(x), 192, [1, 1])]);
  }

  #chain(x: SymbolicTensor, ...steps: readonly (readonly [number, Size])[]): SymbolicTensor {
    return steps.reduce((y, [filters, size]) => this.#conv(y, filters, size), x);
  }

  /** Convolution without bias, batch norm without scale, ReLU. */
  #conv(
    x: SymbolicTensor,
    filters: number,
    kernelSize: Size,
    padding: Padding = 'same',
    strides = 1,
    isStem = false,
  ): SymbolicTensor {
    const n = this.#convolutions++;
    const trainable = !isStem && this.#blocks >= INCEPTION_BLOCKS - this.#unfrozen;
    const conv = tf.layers.conv2d({
      ...{ filters, kernelSize: [...kernelSize], padding, strides, useBias: false, trainable },
      kernelInitializer: 'glorotUniform',
    });
    // ε and momentum of Keras's own layer, which the weights were trained with.
    const norm = tf.layers.batchNormalization({
      ...{ scale: false, epsilon: 1e-3, momentum: 0.99, trainable: false },
    });
    const y = this.#apply(conv, x, kerasName('conv2d', n));
    const normed = this.#apply(norm, y, kerasName('batch_normalization', n));
    return this.#apply(tf.layers.reLU(), normed, kerasName('activation', n));
  }

  #maxPool(x: SymbolicTensor): SymbolicTensor {
    const pool = tf.layers.maxPooling2d({ poolSize: 3, strides: 2 });
    return this.#apply(pool, x, `pooling_${++this.#others}`);
  }

  #averagePool(x: SymbolicTensor): SymbolicTensor {
    const pool = tf.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' });
    return this.#apply(pool, x, `pooling_${++this.#others}`);
  }

  #concatenate(branches: readonly SymbolicTensor[]): SymbolicTensor {
    return this.#apply(tf.layers.concatenate(), branches, `concatenate_${++this.#others}`);
  }

  /** The end of a block. */
  #join(branches: readonly SymbolicTensor[]): SymbolicTensor {
    return this.#apply(tf.layers.concatenate(), branches, `mixed${this.#blocks++}`);
  }
}
