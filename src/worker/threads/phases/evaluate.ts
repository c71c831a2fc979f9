import { microBatchRange } from '../../../shared/numerics/micro-batches.js';
import { aborted, barrier, THREAD, VALUE } from '../control.js';
import type { MicroBatch } from '../../engine/engine.js';
import type { PhaseBody, ThreadState } from '../thread-state.js';

/**
 * Inference over a whole set. Each micro-batch's loss and correct count go to its own place, to be
 * added by index, in float64, by the main thread; so the result does not depend on who did what.
 */
export const evaluate: PhaseBody = (thread, sequence) =>
  overSet(thread, sequence, 'evaluate', async (batch) => {
    const { lossSum, correct } = await thread.engine.evaluate(batch);
    thread.start.evaluation.losses[batch.index] = lossSum;
    thread.start.evaluation.correct[batch.index] = correct;
  });

/** Class probabilities of every sample of a set, each at its own place. */
export const predict: PhaseBody = (thread, sequence) =>
  overSet(thread, sequence, 'predict', async (batch) => {
    const { sets, evaluation } = thread.start;
    const classes = sets[0]!.classes.length;
    const first = batch.samples[0]! * classes;
    await thread.engine.predict(
      batch,
      evaluation.probabilities.subarray(first, first + batch.size * classes),
    );
  });

async function overSet(
  thread: ThreadState,
  sequence: number,
  phase: 'evaluate' | 'predict',
  body: (batch: MicroBatch) => Promise<void>,
): Promise<boolean> {
  const { start, control, engine } = thread;
  const { values, words } = control;
  await engine.prepare(start.thread, start.threads);
  thread.progress();
  if (!barrier(words, start.thread, start.threads, sequence)) return false;
  const source = values[VALUE.source]!;
  const set = start.sets[source]!;
  const tag = values[VALUE.tag]!;
  const count = values[VALUE.microBatches]!;
  const step = values[VALUE.step]!;
  const end = values[VALUE.cuts + start.thread + 1]!;
  for (let index = values[VALUE.cuts + start.thread]!; index < end; index++) {
    if (aborted(words, sequence)) return false;
    thread.say(THREAD.microBatch, index);
    await thread.hook?.beforeMicroBatch({ thread: start.thread, phase, step, microBatch: index });
    const range = microBatchRange(set.count, count, index);
    const size = range.end - range.first;
    const place = { step, index, count, tag };
    await body(thread.staging.gather(source, null, range.first, size, place, null));
    thread.progress();
  }
  return true;
}
