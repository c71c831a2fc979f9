import { EXIT } from './exit.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Gives the signals back to their defaults. */
  stop(): void;
}

/**
 * Ctrl-C, and the signals of schedulers and closed terminals: the first asks the run to end after
 * its step, with a checkpoint; the second ends the process at once.
 */
export function catchInterrupts(notice: (text: string) => void): Interrupts {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
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
