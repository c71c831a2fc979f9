import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { slotsByVariable, writeWeights } from '../../../shared/model/layout.js';
import { tf } from '../../../shared/model/tfjs.js';
import { momentumTerm } from '../../../shared/numerics/momentum-term.js';
import type {
  ComputeEngine,
  EngineModule,
  EngineRegions,
  Evaluation,
  MicroBatch,
} from '../engine.js';
import { lossSum, smoothed } from '../cross-entropy.js';
import { drawMasks } from '../drop-masks.js';
import { forwardOf, type DropSite } from '../forward.js';
import { conv2dByTaps } from '../conv2d-by-taps.js';
import type { ReferenceProgram } from './program.js';

/** The compute-thread side: an own copy of the model, whose weights `prepare` sets. */
export const load: EngineModule['load'] = async (built, regions) => {
  const program = built.payload as ReferenceProgram;
  await tf.setBackend('cpu');
  const model = await tf.models.modelFromJSON(JSON.parse(program.topology) as never);
  const { layout, image, classes, seed, labelSmoothing } = program;
  const forward = forwardOf(model, layout, conv2dByTaps);
  const slots = slotsByVariable(model, layout);
  const trainable = layout.trainable.map((slot) => model.weights[slot.modelWeight]!);
  // Which weights train is the layout's word: tfjs's JSON does not keep all of it.
  for (const variable of trainable) variable.trainable = true;

  const images = ({ pixels, size }: MicroBatch): Tensor =>
    tf.tensor(
      Float32Array.from(
        pixels.subarray(0, size * image.height * image.width * image.channels),
        (byte) => byte / 255,
      ),
      [size, image.height, image.width, image.channels],
    );
  const infer = (batch: MicroBatch): Tensor2D => forward(images(batch), null);

  return {
    prepare() {
      writeWeights(model, layout, view(regions, regions.weights, layout.weightsLength));
    },

    gradients(batch, row, watermark) {
      const out = view(regions, row, layout.rowLength);
      let correct = 0;
      const statistic = (variable: LayerVariable, value: Tensor) => {
        const { offset } = slots.get(variable)!;
        const { momentum } = layout.moving.find((slot) => slot.offset === offset)!;
        const weight = momentumTerm(momentum, batch.index, batch.count);
        out.set(
          value.dataSync<'float32'>().map((element) => weight * element),
          offset,
        );
      };
      const drop = (site: DropSite, x: Tensor) => {
        const mask = new Float32Array(x.size);
        drawMasks(mask, site, batch, seed);
        return tf.mul(x, tf.tensor(mask, x.shape));
      };
      tf.tidy(() => {
        const labels = smoothed(
          tf.oneHot(tf.tensor1d(labelsOf(batch), 'int32'), classes),
          labelSmoothing,
        );
        const { value, grads } = tf.variableGrads(
          () => {
            const logits = forward(images(batch), { drop, statistic });
            correct = countCorrect(logits, batch);
            return lossSum(logits, labels);
          },
          trainable.map((variable) => variable.read() as Variable),
        );
        layout.trainable.forEach(({ offset, length }, i) => {
          const gradient = grads[trainable[i]!.name];
          if (gradient) out.set(gradient.dataSync<'float32'>(), offset);
          else out.fill(0, offset, offset + length);
        });
        out[layout.lossOffset] = value.dataSync()[0]!;
      });
      watermark(layout.rowLength, correct);
      return correct;
    },

    evaluate(batch): Evaluation {
      return tf.tidy(() => {
        const logits = infer(batch);
        const labels = tf.oneHot(tf.tensor1d(labelsOf(batch), 'int32'), classes);
        return {
          lossSum: lossSum(logits, labels).dataSync()[0]!,
          correct: countCorrect(logits, batch),
        };
      });
    },

    predict(batch, out) {
      tf.tidy(() => out.set(tf.softmax(infer(batch)).dataSync<'float32'>()));
    },
  } satisfies ComputeEngine;
};

/** A view of the arena; made anew at each use, since an arena that grows drops its old ones. */
function view({ arena }: EngineRegions, address: number, length: number): Float32Array {
  return new Float32Array(arena.buffer, address, length);
}

function labelsOf({ labels, size }: MicroBatch): Int32Array {
  return Int32Array.from(labels.subarray(0, size));
}

/** Samples whose largest logit, the first of equals, is that of their label. */
function countCorrect(logits: Tensor2D, { labels, size }: MicroBatch): number {
  const winners = tf.argMax(logits, 1).dataSync();
  let correct = 0;
  for (let i = 0; i < size; i++) if (winners[i] === labels[i]) correct += 1;
  return correct;
}
