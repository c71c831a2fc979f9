import type { LayersModel } from '@tensorflow/tfjs-layers';
import { topologicalLayers, weightRole, type LayerNode } from '#src/shared/model/graph.js';
import { slotsByVariable } from '#src/shared/model/layout.js';
import { dropoutMask } from '#src/shared/numerics/dropout-mask.js';
import type { RowLayout } from '#src/shared/numerics/row-layout.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { imageOf } from './harness.js';

/**
 * The training loss of a sequential model written out in float64, with no engine in between: the
 * witness whose finite differences every engine must agree with. Slow and obvious; strides 1 in
 * convolutions.
 */
export function float64Loss(model: LayersModel, layout: RowLayout, seed: number) {
  const slots = slotsByVariable(model, layout);
  const layers = topologicalLayers(model).slice(1);
  let ordinal = 0;
  const steps = layers.map((node) => ({
    node,
    ordinal: node.className === 'Dropout' ? ordinal++ : 0,
    offsets: Object.fromEntries(
      node.layer.weights.map((weight) => [weightRole(weight), slots.get(weight)!.offset]),
    ),
  }));
  return (weights: Float64Array, batch: MicroBatch): number => {
    const { height, width, channels } = imageOf(model);
    const pixels = Float64Array.from(batch.pixels, (value) => value / 255);
    let map: Map4 = { count: batch.size, height, width, channels, values: pixels };
    for (const { node, offsets, ordinal } of steps) {
      const weight = (role: string, i: number) => weights[offsets[role]! + i]!;
      map = apply(node, map, weight, { batch, seed, ordinal });
    }
    return crossEntropy(map, batch.labels);
  };
}

/** [count][height][width][channels]. */
interface Map4 {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: Float64Array;
}

type Weight = (role: string, index: number) => number;
interface Draw {
  readonly batch: MicroBatch;
  readonly seed: number;
  readonly ordinal: number;
}

function apply({ className, layer }: LayerNode, map: Map4, weight: Weight, draw: Draw): Map4 {
  const config = layer.getConfig();
  const activation = String(config['activation']);
  const bias = config['useBias'] === true;
  switch (className) {
    case 'Conv2D': {
      const [kernelHeight, kernelWidth] = config['kernelSize'] as [number, number];
      const same = config['padding'] === 'same';
      const top = same ? Math.floor((kernelHeight - 1) / 2) : 0;
      const left = same ? Math.floor((kernelWidth - 1) / 2) : 0;
      const filters = config['filters'] as number;
      const out = blank(
        map,
        same ? map.height : map.height - kernelHeight + 1,
        same ? map.width : map.width - kernelWidth + 1,
        filters,
      );
      each(out, (b, y, x, f) => {
        let sum = bias ? weight('bias', f) : 0;
        for (let ky = 0; ky < kernelHeight; ky++) {
          for (let kx = 0; kx < kernelWidth; kx++) {
            const [iy, ix] = [y + ky - top, x + kx - left];
            if (iy < 0 || iy >= map.height || ix < 0 || ix >= map.width) continue;
            const from = at(map, b, iy, ix, 0);
            const tap = (ky * kernelWidth + kx) * map.channels;
            for (let c = 0; c < map.channels; c++) {
              sum += map.values[from + c]! * weight('kernel', (tap + c) * filters + f);
            }
          }
        }
        return sum;
      });
      return activated(out, activation);
    }
    case 'Dense': {
      const units = config['units'] as number;
      const out = blank(map, 1, 1, units);
      each(out, (b, _y, _x, unit) => {
        let sum = bias ? weight('bias', unit) : 0;
        for (let c = 0; c < map.channels; c++) {
          sum += map.values[b * map.channels + c]! * weight('kernel', c * units + unit);
        }
        return sum;
      });
      return activated(out, activation);
    }
    case 'Flatten':
      return { ...map, height: 1, width: 1, channels: map.height * map.width * map.channels };
    case 'Activation':
      return activated(map, activation);
    case 'ReLU':
      return activated(map, 'relu');
    case 'MaxPooling2D':
      return pool(map, config, (values) => Math.max(...values));
    case 'AveragePooling2D':
      return pool(map, config, (values) => values.reduce((a, b) => a + b, 0) / values.length);
    case 'BatchNormalization':
      return batchNorm(map, weight, config['epsilon'] as number);
    case 'Dropout': {
      const rate = config['rate'] as number;
      const { batch, seed, ordinal } = draw;
      const length = map.values.length / map.count;
      const keep = { rate, spatial: false, ordinal, seed, step: batch.step };
      const mask = new Float32Array(map.values.length);
      for (let b = 0; b < map.count; b++) {
        const own = mask.subarray(b * length, (b + 1) * length);
        dropoutMask(own, length / map.channels, map.channels, batch.samples[b]!, keep);
      }
      return { ...map, values: map.values.map((value, i) => value * mask[i]!) };
    }
    default:
      throw new Error(`The float64 witness has no ${className}.`);
  }
}

function blank(like: Map4, height: number, width: number, channels: number): Map4 {
  const values = new Float64Array(like.count * height * width * channels);
  return { count: like.count, height, width, channels, values };
}

function at(map: Map4, b: number, y: number, x: number, c: number): number {
  return ((b * map.height + y) * map.width + x) * map.channels + c;
}

function each(map: Map4, value: (b: number, y: number, x: number, c: number) => number): void {
  let i = 0;
  for (let b = 0; b < map.count; b++) {
    for (let y = 0; y < map.height; y++) {
      for (let x = 0; x < map.width; x++) {
        for (let c = 0; c < map.channels; c++) map.values[i++] = value(b, y, x, c);
      }
    }
  }
}

function activated(map: Map4, name: string): Map4 {
  const functions: Record<string, (x: number) => number> = {
    linear: (x) => x,
    softmax: (x) => x, // the last one: part of the loss
    relu: (x) => Math.max(x, 0),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  };
  return { ...map, values: map.values.map(functions[name]!) };
}

function pool(map: Map4, config: object, join: (values: number[]) => number): Map4 {
  const { poolSize, strides, padding } = config as {
    poolSize: [number, number];
    strides: [number, number];
    padding: string;
  };
  const sizes = [map.height, map.width] as const;
  const outputs = sizes.map((size, i) =>
    padding === 'same'
      ? Math.ceil(size / strides[i]!)
      : Math.floor((size - poolSize[i]!) / strides[i]!) + 1,
  );
  const [top, left] = sizes.map((size, i) => {
    const missing = (outputs[i]! - 1) * strides[i]! + poolSize[i]! - size;
    return padding === 'same' ? Math.floor(Math.max(missing, 0) / 2) : 0;
  });
  const out = blank(map, outputs[0]!, outputs[1]!, map.channels);
  each(out, (b, y, x, c) => {
    const values: number[] = [];
    for (let ky = 0; ky < poolSize[0]; ky++) {
      for (let kx = 0; kx < poolSize[1]; kx++) {
        const [iy, ix] = [y * strides[0] + ky - top!, x * strides[1] + kx - left!];
        if (iy < 0 || iy >= map.height || ix < 0 || ix >= map.width) continue;
        values.push(map.values[at(map, b, iy, ix, c)]!);
      }
    }
    return join(values);
  });
  return out;
}

function batchNorm(map: Map4, weight: Weight, epsilon: number): Map4 {
  const { channels } = map;
  const values = map.values.slice();
  const count = values.length / channels;
  for (let c = 0; c < channels; c++) {
    let mean = 0;
    for (let i = c; i < values.length; i += channels) mean += values[i]! / count;
    let variance = 0;
    for (let i = c; i < values.length; i += channels) variance += (values[i]! - mean) ** 2 / count;
    const factor = weight('gamma', c) / Math.sqrt(variance + epsilon);
    for (let i = c; i < values.length; i += channels) {
      values[i] = (values[i]! - mean) * factor + weight('beta', c);
    }
  }
  return { ...map, values };
}

function crossEntropy({ values, channels }: Map4, labels: Uint16Array): number {
  let loss = 0;
  labels.forEach((label, b) => {
    const logits = values.subarray(b * channels, (b + 1) * channels);
    const most = Math.max(...logits);
    const sum = logits.reduce((total, z) => total + Math.exp(z - most), 0);
    loss += Math.log(sum) + most - logits[label]!;
  });
  return loss;
}
