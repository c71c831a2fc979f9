import type { LayersModel } from '@tensorflow/tfjs-layers';
import { dropoutMask } from '#src/shared/numerics/dropout-mask.js';
import { momentumTerm } from '#src/shared/numerics/momentum-term.js';
import type { RowLayout, WeightSlot } from '#src/shared/numerics/row-layout.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { batchNorm } from './batch-norm.js';
import { crossEntropy } from './cross-entropy.js';
import { decide, type Decisions, type Verdict } from './decisions.js';
import type { Map64 } from './maps.js';
import { operationsOf, type Operation, type Slots } from './operations.js';
import { product, productGradients } from './product.js';

/**
 * The twin of an engine: a training pass of a sequential model in float64, forward and backward,
 * slow and obvious, with the engine's dropout masks and, where they are given, with its decisions.
 */
export interface TwinPass {
  /** float64 [layout.rowLength]. */
  readonly row: Float64Array;
  /** What was decided, and how that stands to what the twin would have decided, site by site. */
  readonly sites: readonly DecidedSite[];
}

export interface DecidedSite {
  readonly label: string;
  readonly verdict: Verdict;
  /** What the twin would have decided. */
  readonly own: Decisions;
  /** What came out. */
  readonly output: Map64;
}

type Backward = (gradient: Map64) => Map64;

export function twinOf(model: LayersModel, layout: RowLayout, seed: number) {
  const operations = operationsOf(model, layout);
  const [, height, width, channels] = model.inputs[0]!.shape as [null, number, number, number];

  return (
    weights: ArrayLike<number>,
    batch: MicroBatch,
    decisions: readonly Decisions[] | null,
  ): TwinPass => {
    const flat = Float64Array.from(weights);
    const row = new Float64Array(layout.rowLength);
    const part = (of: Float64Array, slot: WeightSlot | undefined) =>
      slot === undefined ? null : of.subarray(slot.offset, slot.offset + slot.length);
    const weight = (slots: Slots, role: string) => part(flat, slots[role]);
    const gradient = (slots: Slots, role: string) => part(row, slots[role]);
    const sites: DecidedSite[] = [];

    /** One operation: its output, and how gradients go back through it. */
    const apply = (operation: Operation, map: Map64): [Map64, Backward] => {
      switch (operation.kind) {
        case 'product': {
          const { site, weights: slots } = operation;
          const kernel = weight(slots, 'kernel')!;
          const into = { weights: gradient(slots, 'kernel')!, bias: gradient(slots, 'bias') };
          const output = product(map, site, kernel, weight(slots, 'bias'));
          return [output, (dy) => productGradients(map, site, kernel, dy, into)];
        }
        case 'decide': {
          const { site, label } = operation;
          const taken = decisions === null ? null : takenAt(decisions[sites.length], map, site);
          const { output, verdict, own, backward } = decide(map, site, taken);
          sites.push({ label, verdict, own, output });
          return [output, backward];
        }
        case 'norm': {
          const { weights: slots, epsilon } = operation;
          const [gamma, beta] = [weight(slots, 'gamma')!, weight(slots, 'beta')!];
          const { output, mean, variance, backward } = batchNorm(map, gamma, beta, epsilon);
          for (const [role, statistic] of Object.entries({
            movingMean: mean,
            movingVariance: variance,
          })) {
            const slot = slots[role]!;
            if (!('momentum' in slot)) throw new Error(`${slot.label} has no momentum.`);
            const term = momentumTerm(slot.momentum, batch.index, batch.count);
            part(row, slot)!.set(statistic.map((value) => term * value));
          }
          const back: Backward = (dy) => {
            const gradients = backward(dy);
            gradient(slots, 'gamma')!.set(gradients.gamma);
            gradient(slots, 'beta')!.set(gradients.beta);
            return gradients.map;
          };
          return [output, back];
        }
        case 'dropout': {
          const mask = maskOf(operation, map, batch, seed);
          const masked: Backward = (from) => ({
            ...from,
            values: from.values.map((value, i) => value * mask[i]!),
          });
          return [masked(map), masked];
        }
        case 'flatten': {
          const flatChannels = map.height * map.width * map.channels;
          const output = { ...map, height: 1, width: 1, channels: flatChannels };
          return [output, ({ values }) => ({ ...map, values })];
        }
      }
    };

    const pixels = Float64Array.from(batch.pixels, (value) => value / 255);
    let map: Map64 = { count: batch.size, height, width, channels, values: pixels };
    const backward: Backward[] = [];
    for (const operation of operations) {
      const [output, back] = apply(operation, map);
      map = output;
      backward.push(back);
    }
    const { loss, gradient: logits } = crossEntropy(map, batch.labels);
    row[layout.lossOffset] = loss;
    backward.reduceRight((dy, back) => back(dy), logits);
    return { row, sites };
  };
}

/** Decisions that were made on maps of this shape. */
function takenAt(
  decisions: Decisions | undefined,
  map: Map64,
  site: { readonly outHeight: number; readonly outWidth: number },
): Uint8Array {
  const wanted = [site.outHeight, site.outWidth, map.channels];
  const given = [decisions?.height, decisions?.width, decisions?.channels];
  if (wanted.some((size, axis) => size !== given[axis])) {
    throw new Error(
      `Decisions on [${given.join(', ')}] where the twin has [${wanted.join(', ')}].`,
    );
  }
  return decisions!.taken;
}

/** 0 or the scale for every value of the map, drawn as the engines draw. */
function maskOf(
  { rate, ordinal }: { readonly rate: number; readonly ordinal: number },
  { count, height, width, channels, values }: Map64,
  { samples, step }: MicroBatch,
  seed: number,
): Float32Array {
  const mask = new Float32Array(values.length);
  const length = values.length / count;
  const draw = { rate, spatial: false, ordinal, seed, step };
  for (let b = 0; b < count; b++) {
    const own = mask.subarray(b * length, (b + 1) * length);
    dropoutMask(own, height * width, channels, samples[b]!, draw);
  }
  return mask;
}
