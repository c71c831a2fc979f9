import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerMaps } from '../../report/run-report.js';
import { topologicalLayers } from '../../shared/model/graph.js';
import { writeWeights } from '../../shared/model/layout.js';
import { tf } from '../../shared/model/tfjs.js';
import type { ImageSet } from '../../shared/data/image-set.js';
import type { TrainedRun } from '../trained-run.js';

/**
 * What every convolution and pool makes of one image, in inference mode, computed op by op by
 * TensorFlow.js. `pixels`: uint8 [height, width, channels]. Layers whose output is no picture
 * (global pools) are left out.
 */
export function featureMapsOf(
  { prepared, weights }: TrainedRun,
  pixels: Uint8Array,
  { height, width, channels }: ImageSet['shape'],
): readonly LayerMaps[] {
  const { model, layout } = prepared;
  writeWeights(model, layout, weights);
  const maps: LayerMaps[] = [];
  tf.tidy(() => {
    const image = tf.tensor(Float32Array.from(pixels, (byte) => byte / 255), [1, height, width, channels]); // prettier-ignore
    const outputs: Tensor[] = [];
    for (const { className, label, layer, inputs } of topologicalLayers(model)) {
      const given = inputs.map((id) => outputs[id]!);
      const output =
        className === 'InputLayer'
          ? image
          : (layer.apply(given.length === 1 ? given[0]! : given, { training: false }) as Tensor);
      outputs.push(output);
      if (!/Conv|Pooling/.test(className) || output.rank !== 4) continue;
      const [, mapHeight, mapWidth, mapCount] = output.shape as [number, number, number, number];
      const shape = { height: mapHeight, width: mapWidth, channels: mapCount };
      maps.push({ label, shape, values: output.dataSync<'float32'>().slice() });
    }
  });
  return maps;
}
