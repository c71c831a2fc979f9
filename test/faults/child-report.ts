import type { LockstepError, RunSummary } from '#src/index.js';

/** What `train-child.ts` prints. */
export interface ChildReport {
  readonly notices: readonly string[];
  readonly summary: RunSummary | null;
  readonly error: Pick<LockstepError, 'code' | 'message' | 'where' | 'hint'> | null;
}
