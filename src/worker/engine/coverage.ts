import type { LayersModel } from '@tensorflow/tfjs-layers';
import { topologicalLayers, type LayerNode } from '../../shared/model/graph.js';
import type { EngineRefusal } from './engine.js';
import { weightPenalty } from './weight-penalty.js';

/**
 * Layers whose outputs depend on their inputs and weights alone. tfjs's noise layers draw from
 * its own generator, recurrent ones keep a state, and wrappers hide what is inside.
 */
const COVERED: ReadonlySet<string> = new Set([
  'InputLayer',
  ...['Dense', 'Conv1D', 'Conv2D', 'Conv2DTranspose', 'DepthwiseConv2D', 'SeparableConv2D'],
  ...['MaxPooling1D', 'AveragePooling1D', 'MaxPooling2D', 'AveragePooling2D'],
  ...['GlobalMaxPooling1D', 'GlobalAveragePooling1D'],
  ...['GlobalMaxPooling2D', 'GlobalAveragePooling2D'],
  ...['BatchNormalization', 'LayerNormalization', 'Dropout', 'SpatialDropout1D'],
  ...['Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'],
  ...['Flatten', 'Reshape', 'Permute', 'RepeatVector'],
  ...['ZeroPadding2D', 'Cropping2D', 'UpSampling2D'],
  ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
]);

/** null where `reference` covers the model, else which layer it lacks. */
export function referenceRefusal(model: LayersModel): EngineRefusal | null {
  return tfjsRefusal(model, (node) => {
    if (!COVERED.has(node.className)) {
      return {
        reason: `layer ${node.label} is not covered`,
        remedy: `Use layers of these kinds: ${[...COVERED].join(', ')}.`,
      };
    }
    const noise = node.layer.getConfig()['noiseShape'] as
      readonly (number | null)[] | null | undefined;
    if (node.className !== 'Dropout' || !noise?.length || isChannelNoise(noise)) return null;
    return {
      reason: `layer ${node.label} has the noiseShape [${noise.map((size) => size ?? 'null').join(', ')}]`,
      remedy: 'Leave noiseShape out, or use [null, 1, 1, null], which drops whole channels.',
    };
  });
}

/** null where `tensorflow` takes the model: every layer but for these. */
export function tensorflowRefusal(model: LayersModel): EngineRefusal | null {
  return tfjsRefusal(model, ({ className, label, layer }) => {
    const config = layer.getConfig();
    if (config['stateful'] === true) {
      return {
        reason: `layer ${label} is stateful: it carries a state from one batch to the next, so that a step would depend on who computed the one before`,
        remedy: 'Leave stateful out.',
      };
    }
    if (
      className !== 'BatchNormalization' &&
      JSON.stringify(config).includes('"BatchNormalization"')
    ) {
      return {
        reason: `layer ${label} wraps a batch norm, whose moving statistics have no one value there`,
        remedy: 'Use a layer normalization inside, or a batch norm outside.',
      };
    }
    return null;
  });
}

/** What neither engine that runs TensorFlow.js's layers can train; and what `other` refuses. */
function tfjsRefusal(
  model: LayersModel,
  other: (node: LayerNode) => EngineRefusal | null,
): EngineRefusal | null {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    return {
      reason: `the model has ${model.inputs.length} inputs and ${model.outputs.length} outputs; one of each is covered`,
      remedy: 'Give it one input, the image, and one output, the class scores.',
    };
  }
  for (const node of topologicalLayers(model)) {
    const found = other(node) ?? layerRefusal(node);
    if (found !== null) return found;
  }
  return null;
}

function layerRefusal({ className, label, layer, reused }: LayerNode): EngineRefusal | null {
  const penalty = weightPenalty(layer);
  if (penalty !== null) {
    return {
      reason: `layer ${label} has a ${penalty}, which the training does not apply`,
      remedy: `Leave ${penalty} out of the layer.`,
    };
  }
  if (reused && className === 'BatchNormalization') {
    return {
      reason: `layer ${label} is applied twice, so that its moving statistics have no one value`,
      remedy: 'Use one batch norm layer for each place.',
    };
  }
  const dilation = [layer.getConfig()['dilationRate'] ?? 1].flat();
  if (className !== 'Conv2D' && dilation.some((rate) => rate !== 1)) {
    return {
      reason: `layer ${label} is dilated, and TensorFlow.js lacks its gradient`,
      remedy: 'Use a dilation rate of 1.',
    };
  }
  return null;
}

/** One draw for each channel of each sample. */
export function isChannelNoise(noise: readonly (number | null)[]): boolean {
  return noise.length > 2 && noise[0] === null && noise.slice(1, -1).every((size) => size === 1);
}
