import { aborted, THREAD, threadWord } from './control.js';

/** Looks at the word so often before it sleeps: a call of a team takes tens of microseconds. */
const SPINS = 2000;

/**
 * All threads of a team meet, as `barrier` for all threads of the worker, but hundreds of times a
 * step: whoever comes first looks a while before he sleeps. False where the phase was given up.
 */
export function meet(
  words: Int32Array,
  {
    leader,
    size,
    thread,
  }: { readonly leader: number; readonly size: number; readonly thread: number },
  sequence: number,
): boolean {
  const arrived = threadWord(leader, THREAD.teamArrived);
  const passed = threadWord(leader, THREAD.teamPassed);
  const generation = Atomics.load(words, passed);
  if (Atomics.add(words, arrived, 1) === size - 1) {
    Atomics.store(words, arrived, 0);
    Atomics.add(words, passed, 1);
    Atomics.notify(words, passed);
    return true;
  }
  for (let spin = 0; spin < SPINS; spin++) {
    if (Atomics.load(words, passed) !== generation) return true;
  }
  while (Atomics.load(words, passed) === generation) {
    if (aborted(words, sequence)) return false;
    // Waiting is progress: it is the thread that does not come that is stuck.
    Atomics.add(words, threadWord(thread, THREAD.progress), 1);
    Atomics.wait(words, passed, generation, 100);
  }
  return true;
}
