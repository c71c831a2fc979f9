import { microBatchRange } from '../../../shared/numerics/micro-batches.js';
import { mergeOrder } from '../../../shared/numerics/merge-order.js';
import { addSample } from '../../../shared/data/sample-proof.js';
import { aborted, barrier, THREAD, VALUE } from '../control.js';
import { rowAddress } from '../arena.js';
import type { PhaseBody } from '../thread-state.js';

/**
 * Gradients of the thread's range of micro-batches, in order. Rows are added as soon as two
 * neighbours in the tree are there, so that few are held at a time; what remains are the nodes of
 * the tree that the range covers.
 */
export const compute: PhaseBody = async (thread, sequence) => {
  const { start, control, engine, kernels } = thread;
  const { values, words } = control;
  await engine.prepare(start.thread, start.threads);
  thread.progress();
  if (!barrier(words, start.thread, start.threads, sequence)) return false;

  const step = values[VALUE.step]!;
  const epoch = values[VALUE.epoch]!;
  const count = values[VALUE.microBatches]!;
  const samples = values[VALUE.samples]!;
  const order = start.orders[values[VALUE.source]!]!;
  const mine = {
    first: values[VALUE.cuts + start.thread]!,
    end: values[VALUE.cuts + start.thread + 1]!,
  };
  const address = (slot: number): number => rowAddress(start.arenaPlan, start.thread, slot);
  const proof = new Uint32Array(2);
  let correct = 0;
  let seen = 0;
  for (const { microBatch: index, row, merges } of mergeOrder(mine, count).steps) {
    if (aborted(words, sequence)) return false;
    thread.say(THREAD.microBatch, index);
    await thread.hook?.beforeMicroBatch({
      thread: start.thread,
      phase: 'compute',
      step,
      microBatch: index,
    });
    const range = microBatchRange(samples, count, index);
    const size = range.end - range.first;
    const first = values[VALUE.first]! + range.first;
    const batch = thread.staging.gather(start.sets[0]!, order, first, size, { step, index, count });
    for (let i = 0; i < size; i++) addSample(proof, 0, epoch, batch.samples[i]!, batch.labels[i]!);
    correct += await engine.gradients(batch, address(row), () => {
      thread.progress();
    });
    seen += size;
    for (let from = row; from > row - merges; from--) {
      kernels['addRows']!(address(from - 1), address(from), start.layout.rowLength);
    }
    thread.progress();
  }
  thread.say(THREAD.correct, correct);
  thread.say(THREAD.samples, seen);
  thread.say(THREAD.proofLow, proof[0]! | 0);
  thread.say(THREAD.proofHigh, proof[1]! | 0);
  return true;
};
