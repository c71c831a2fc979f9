import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { tf } from '../../shared/model/tfjs.js';

/** (1 − ε)·onehot + ε/classes (Szegedy et al. 2016, section 7). */
export function smoothed(oneHot: Tensor, epsilon: number): Tensor {
  if (epsilon === 0) return oneHot;
  return tf.add(tf.mul(oneHot, 1 - epsilon), epsilon / oneHot.shape[1]!);
}

/** Softmax cross entropy, summed over samples: −Σ log softmax(logits)[label]. */
export function lossSum(logits: Tensor2D, oneHot: Tensor): Scalar {
  return tf.neg(tf.sum<Scalar>(tf.mul(tf.logSoftmax(logits), oneHot)));
}
