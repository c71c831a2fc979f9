/**
 * A ThreadHook that does harm once, or `times` times, at a place that its URL names:
 *
 *   fault-hook.js?fault=exit&phase=compute&step=1&microBatch=5&times=1&marker=/tmp/x/marker
 *
 * `step` counts from 0 in compute; in evaluate it is the number of steps done. `thread` need not be
 * given where one thread alone is at that micro-batch. In combine and apply, `entry` counts how often
 * the thread named has entered the phase before. In compute, `call` does harm in the middle of the
 * micro-batch: when the thread has met its team so often.
 */
import { appendFileSync, existsSync, statSync } from 'node:fs';
import { PHASES, THREAD, threadWord, type Phase } from '#src/worker/threads/control.js';
import type { ThreadHook } from '#src/worker/threads/thread-start.js';

const wish = new URL(import.meta.url).searchParams;
const text = (name: string): string => wish.get(name) ?? '';
const phase = text('phase') as Phase;

/** Counts in a file, which outlives the thread. */
function isDue(): boolean {
  const marker = text('marker');
  const done = existsSync(marker) ? statSync(marker).size : 0;
  if (done >= Number(text('times'))) return false;
  appendFileSync(marker, '.');
  return true;
}

const FAULTS: Readonly<Record<string, () => void | Promise<void>>> = {
  throw() {
    throw new Error('a planted exception');
  },
  exit() {
    process.exit(3);
  },
  loop() {
    for (;;);
  },
  never() {
    return new Promise<void>(() => undefined);
  },
  memory() {
    const hoard: string[][] = [];
    for (;;)
      hoard.push(Array.from({ length: 10_000 }, (_, i) => `${String(i)} of a planted hoard`));
  },
  /** Not one for Node: the call throws, but by then the add-on's constructor has run. */
  addon() {
    try {
      process.dlopen({ exports: {} }, text('addon'));
    } catch (error) {
      if (!/self-register/.test(String(error))) throw error;
    }
  },
};

function harm(): void | Promise<void> {
  if (isDue()) return FAULTS[text('fault')]!();
}

export const beforeMicroBatch: ThreadHook['beforeMicroBatch'] = (place) => {
  const meant =
    place.phase === phase &&
    (!wish.has('thread') || place.thread === Number(text('thread'))) &&
    String(place.step) === text('step') &&
    String(place.microBatch) === text('microBatch');
  if (!meant) return;
  if (!wish.has('call')) return harm();
  harmAtCall(place.thread, Number(text('call')));
};

/** Beside its progress, all that a thread adds to is the word that counts who has come. */
function harmAtCall(thread: number, call: number): void {
  const add = Atomics.add.bind(Atomics);
  const progressWord = threadWord(thread, THREAD.progress);
  let met = 0;
  const spying = (words: Int32Array, index: number, value: number): number => {
    if (index !== progressWord && met++ === call) void harm();
    return add(words, index, value);
  };
  Object.defineProperty(Atomics, 'add', { value: spying });
}

if (phase === 'start') await harm();

// The other phases call no hook, but a thread says when it enters one.
if (phase === 'combine' || phase === 'apply') {
  const store = Atomics.store.bind(Atomics);
  const phaseWord = threadWord(Number(text('thread')), THREAD.phase);
  let entered = 0;
  const spying = (words: Int32Array, index: number, value: number): number => {
    const stored = store(words, index, value);
    if (index !== phaseWord || value !== PHASES.indexOf(phase)) return stored;
    if (entered++ === Number(text('entry'))) void harm();
    return stored;
  };
  Object.defineProperty(Atomics, 'store', { value: spying });
}
