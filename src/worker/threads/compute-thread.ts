import { threadId } from 'node:worker_threads';
import { LockstepError } from '../../shared/errors.js';
import {
  answer,
  COMMAND,
  openControl,
  OUTCOME,
  PHASES,
  THREAD,
  timesAt,
  threadWord,
  VALUE,
  type Phase,
} from './control.js';
import { floatEnvironmentFault } from './float-environment.js';
import { openThread, type PhaseBody, type ThreadState } from './thread-state.js';
import type { ThreadStart } from './thread-start.js';
import { apply } from './phases/apply.js';
import { combine } from './phases/combine.js';
import { compute } from './phases/compute.js';
import { evaluate, predict } from './phases/evaluate.js';

/** How a thread's task ended. An error is told in words: piscina would lose its code. */
export type ThreadEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'exception' | 'refusal'; readonly reason: string; readonly cause: unknown };

const BODIES: Readonly<Record<Exclude<Phase, 'start' | 'stop'>, PhaseBody>> = {
  compute,
  combine,
  apply,
  evaluate,
  predict,
};

/** The life of a compute thread: one piscina task, from its start to the phase `stop`. */
export default async function computeThread(start: ThreadStart): Promise<ThreadEnd> {
  try {
    return await live(start);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const refusal = error instanceof LockstepError && error.code === 'FLOAT_ENVIRONMENT';
    return { kind: refusal ? 'refusal' : 'exception', reason, cause: error };
  }
}

async function live(start: ThreadStart): Promise<ThreadEnd> {
  const control = openControl(start.control, start.threads);
  const { words, values } = control;
  const say = (word: number, value: number): void => {
    Atomics.store(words, threadWord(start.thread, word), value);
  };
  say(THREAD.nodeThread, threadId);
  const thread = await openThread(start, control);
  checkFloats(thread);
  let sequence = start.sequence;
  answer(words, start.thread, start.threads, sequence, OUTCOME.ok);
  for (;;) {
    while (Atomics.load(words, COMMAND) === sequence) Atomics.wait(words, COMMAND, sequence);
    sequence = Atomics.load(words, COMMAND);
    const phase = PHASES[values[VALUE.phase]!]!;
    say(THREAD.microBatch, 0);
    say(THREAD.phase, values[VALUE.phase]!);
    if (phase === 'stop' || phase === 'start') {
      answer(words, start.thread, start.threads, sequence, OUTCOME.ok);
      return { kind: 'stopped' };
    }
    thread.waited = 0;
    const began = performance.now();
    const whole = await BODIES[phase](thread, sequence);
    const ended = performance.now();
    const busy = ended - began - thread.waited;
    values.set([began, ended], timesAt(start.thread, start.threads));
    say(THREAD.busyMicroseconds, Math.round(busy * 1000));
    checkFloats(thread);
    const outcome = whole ? OUTCOME.ok : OUTCOME.aborted;
    answer(words, start.thread, start.threads, sequence, outcome);
  }
}

/**
 * A native add-on built with -ffast-math changes the arithmetic of the thread that loads it,
 * WebAssembly included. Asked before the thread computes and after every phase: gradients are
 * refused before they reach a weight, figures of an evaluation before they are told.
 */
function checkFloats(thread: ThreadState): void {
  const fault = floatEnvironmentFault(thread.kernels, thread.start.fusesMultiplyAdd);
  if (fault !== null) {
    throw new LockstepError('FLOAT_ENVIRONMENT', `the float environment was changed: ${fault}`);
  }
}
