import type { RunObserver } from '../../shared/run-events.js';

export interface Display extends RunObserver {
  /** Leaves the terminal as it was; called once, whatever ended the run. */
  close(): void;
}

/** Shows nothing; for --quiet. */
export const silentDisplay: Display = {
  notice: () => undefined,
  started: () => undefined,
  step: () => undefined,
  epoch: () => undefined,
  finished: () => undefined,
  close: () => undefined,
};
