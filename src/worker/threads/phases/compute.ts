import { mergeOrder } from '../../../shared/numerics/merge-order.js';
import { microBatchRange } from '../../../shared/numerics/micro-batches.js';
import { addSample } from '../../../shared/data/sample-proof.js';
import type { MicroBatch, Team } from '../../engine/engine.js';
import { aborted, barrier, THREAD, VALUE } from '../control.js';
import { rowAddress } from '../arena.js';
import { teamOf } from '../row-schedule.js';
import { meet } from '../team-barrier.js';
import type { PhaseBody, ThreadState } from '../thread-state.js';
import { combineRange } from './combine.js';
import { cutsOf, reduction } from './reduction.js';

/**
 * Gradients of the thread's range of micro-batches, in order. Rows are added as soon as two
 * neighbours in the tree are there, so that few are held at a time; what remains are the nodes of
 * the tree that the range covers. Where there are more threads than micro-batches, several compute
 * one, in the leader's row.
 *
 * Where rows travel, the threads add up among themselves what they hold, too, segment by segment, as
 * soon as backward of their last micro-batches is past it.
 */
export const compute: PhaseBody = async (thread, sequence) => {
  const { start, control, engine } = thread;
  const { words } = control;
  await engine.prepare(start.thread, start.threads);
  thread.progress();
  if (!barrier(words, start.thread, start.threads, sequence)) return false;
  const team = engine.gradientsInto ? teamOf(start.thread, cutsOf(control, start.threads)) : null;
  if (team !== null && team.size > 1) return asTeam(thread, sequence, team);
  return alone(thread, sequence);
};

/** What a phase yields for the step's books. */
interface Tally {
  correct: number;
  samples: number;
  readonly proof: Uint32Array;
}

const emptyTally = (): Tally => ({ correct: 0, samples: 0, proof: new Uint32Array(2) });

async function alone(thread: ThreadState, sequence: number): Promise<boolean> {
  const { start, control, engine, kernels } = thread;
  const { values, words } = control;
  const range = {
    first: values[VALUE.cuts + start.thread]!,
    end: values[VALUE.cuts + start.thread + 1]!,
  };
  const address = (slot: number): number =>
    rowAddress(start.arenaPlan, { thread: start.thread, slot });
  const tally = emptyTally();
  const leave = leaver(thread);
  const { steps } = mergeOrder(range, values[VALUE.microBatches]!);
  for (const { microBatch, row, merges } of steps) {
    if (aborted(words, sequence)) return false;
    await announce(thread, microBatch);
    const batch = gather(thread, microBatch, tally);
    // The first merge of a fresh row: the kernels add to the left neighbour as they store.
    const adds = merges > 0 && engine.gradientsInto !== undefined;
    const target = adds ? row - 1 : row;
    let merged = 0;
    const watermark = (elements: number, correct: number): void => {
      thread.progress();
      for (let from = target; from > row - merges; from--) {
        const [left, right] = [address(from - 1), address(from)];
        kernels['addRows']!(left + 4 * merged, right + 4 * merged, elements - merged);
      }
      merged = elements;
      const isLast = microBatch === range.end - 1;
      if (isLast) leave(elements, { ...tally, correct: tally.correct + correct });
    };
    tally.correct += adds
      ? engine.gradientsInto!(batch, address(target), watermark, { add: true, team: null })
      : await engine.gradients(batch, address(target), watermark);
    thread.progress();
  }
  leave(start.layout.rowLength, tally);
  return true;
}

/**
 * What a thread does as its part of the row becomes final, element by element: says what it has
 * counted, and where rows travel, is through with the segments that end there. The last of the
 * threads adds a segment up.
 */
function leaver(thread: ThreadState): (elements: number, tally: Tally) => void {
  const { start, control, board } = thread;
  const sum = reduction(control, start.threads);
  let next = 0;
  return (elements, tally) => {
    // Before the first segment: whoever sees that it is final reads the tallies of all.
    say(thread, tally);
    if (board === null) return;
    for (; next < board.segments && board.range(next).end <= elements; next++) {
      if (!board.arrive(next, start.threads)) continue;
      board.finish(next, combineRange(thread, sum, board.range(next)));
    }
  };
}

/** A share of the one micro-batch that the team computes. */
async function asTeam(
  thread: ThreadState,
  sequence: number,
  { microBatch, leader, place, size }: NonNullable<ReturnType<typeof teamOf>>,
): Promise<boolean> {
  const { start, control, engine } = thread;
  const { arenaPlan } = start;
  const tally = emptyTally();
  await announce(thread, microBatch);
  const batch = place === 0 ? gather(thread, microBatch, tally) : placeOnly(thread, microBatch);
  const team: Team = {
    place,
    size,
    region: arenaPlan.threads[leader]!.engine,
    meet: () => {
      const began = performance.now();
      const whole = meet(control.words, { leader, size, thread: start.thread }, sequence);
      thread.waited += performance.now() - began;
      return whole;
    },
  };
  const row = rowAddress(arenaPlan, { thread: leader, slot: 0 });
  const leave = leaver(thread);
  const counted = (correct: number): Tally => (place === 0 ? { ...tally, correct } : tally);
  const watermark = (elements: number, correct: number): void => {
    thread.progress();
    leave(elements, counted(correct));
  };
  const correct = engine.gradientsInto!(batch, row, watermark, { add: false, team });
  if (correct < 0) return false;
  leave(start.layout.rowLength, counted(correct));
  return true;
}

async function announce({ start, control, hook, say }: ThreadState, microBatch: number) {
  say(THREAD.microBatch, microBatch);
  const step = control.values[VALUE.step]!;
  await hook?.beforeMicroBatch({ thread: start.thread, phase: 'compute', step, microBatch });
}

function gather(thread: ThreadState, microBatch: number, tally: Tally): MicroBatch {
  const { start, control, staging } = thread;
  const { values } = control;
  const { first, size, step, index, count } = placeOnly(thread, microBatch);
  const place = { step, index, count, tag: values[VALUE.tag]! };
  const order = start.orders[values[VALUE.source]!]!;
  const epoch = values[VALUE.epoch]!;
  const batch = staging.gather(0, order, first, size, place, epoch);
  for (let i = 0; i < size; i++) {
    addSample(tally.proof, 0, epoch, batch.samples[i]!, batch.labels[i]!);
  }
  tally.samples += size;
  return batch;
}

/** A micro-batch without its samples, and the first one's place in the order. */
function placeOnly({ control }: ThreadState, index: number): MicroBatch & { first: number } {
  const { values } = control;
  const count = values[VALUE.microBatches]!;
  const range = microBatchRange(values[VALUE.samples]!, count, index);
  return {
    step: values[VALUE.step]!,
    index,
    count,
    size: range.end - range.first,
    first: values[VALUE.first]! + range.first,
    pixels: new Uint8Array(0),
    labels: new Uint16Array(0),
    samples: new Uint32Array(0),
  };
}

function say(thread: ThreadState, { correct, samples, proof }: Tally): void {
  thread.say(THREAD.correct, correct);
  thread.say(THREAD.samples, samples);
  thread.say(THREAD.proofLow, proof[0]! | 0);
  thread.say(THREAD.proofHigh, proof[1]! | 0);
}
