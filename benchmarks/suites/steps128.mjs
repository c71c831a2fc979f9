/** The same at half the batch: global batch 128, micro-batch 32; 64 a process for DDP. */
import { measureSteps, stepTable } from '../lib/step-suite.mjs';

export const title = 'Whole training steps at global batch 128, micro-batch 32 (DDP: 64 a process)';

export function run(how) {
  return measureSteps({ batch: 128, microBatch: 32, steps: 20 }, how);
}

export const table = (result) => stepTable(result);
