/**
 * Loaded into a worker and its compute threads (`node --import`): at step $WRONG_STEP, it reads a
 * sample twice in another's place ($WRONG_SAMPLES=double), or leaves one out (drop).
 */
import { Staging } from '#src/worker/threads/thread-state.js';

const original = Reflect.get(Staging.prototype, 'gather');
const doubles = process.env['WRONG_SAMPLES'] === 'double';
const wrongStep = Number(process.env['WRONG_STEP']);

Staging.prototype.gather = function (set, order, first, size, place, epoch) {
  const batch = original.call(this, set, order, first, size, place, epoch);
  if (epoch === null || place.step !== wrongStep) return batch;
  const bytes = batch.pixels.length / batch.size;
  if (!doubles) {
    const labels = batch.labels.subarray(1);
    const samples = batch.samples.subarray(1);
    return { ...batch, pixels: batch.pixels.subarray(bytes), labels, samples, size: size - 1 };
  }
  batch.pixels.copyWithin(bytes, 0, bytes);
  batch.labels[1] = batch.labels[0]!;
  batch.samples[1] = batch.samples[0]!;
  return batch;
};
