import type { ModelOptions } from '../config/model-options/defaults.js';
import type { Layer } from './graph.js';
import { tf } from './tfjs.js';

type ActivationOptions = Pick<ModelOptions, 'activation' | 'leakySlope'>;

/** The activation as a layer of its own. */
export function activationLayer({ activation, leakySlope }: ActivationOptions): Layer {
  return activation === 'relu' ? tf.layers.reLU() : tf.layers.leakyReLU({ alpha: leakySlope });
}

/**
 * The layer that `make` makes, with the activation: as its option where TensorFlow.js has it as
 * one, else as a layer behind it.
 */
export function activated(
  options: ActivationOptions,
  make: (activation: 'relu' | 'linear') => Layer,
): readonly Layer[] {
  if (options.activation === 'relu') return [make('relu')];
  return [make('linear'), activationLayer(options)];
}

/** No layer where nothing is dropped, so that layers keep their places and names. */
export function dropout(rate: number): readonly Layer[] {
  return rate === 0 ? [] : [tf.layers.dropout({ rate })];
}
