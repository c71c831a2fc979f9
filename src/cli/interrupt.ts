import { EXIT } from './exit.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Gives the signals back to their defaults. */
  stop(): void;
}

/**
 * Ctrl-C, and the signals of schedulers and closed terminals: the first asks the run to end after
 * its step, with a checkpoint; the second ends the process at once. Only a SIGTERM after a SIGTERM
 * does not: schedulers send it to a job's script and to its processes, and kill by SIGKILL.
 */
export function catchInterrupts(
  notice: (text: string) => void,
  ignored: ReadonlySet<NodeJS.Signals> = new Set(),
): Interrupts {
  const controller = new AbortController();
  let first: NodeJS.Signals | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (ignored.has(signal) || (first === 'SIGTERM' && signal === 'SIGTERM')) return;
    if (first !== null) process.exit(EXIT.interrupted);
    first = signal;
    controller.abort();
    notice(`${signal}: ending after this step with a checkpoint; once more ends at once.`);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
