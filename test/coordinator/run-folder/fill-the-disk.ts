/** Writes more metrics than the limit on the size of files allows, and prints the errors' codes. */
import { MetricsLog } from '#src/coordinator/run-folder/metrics-log.js';
import type { StepRecord } from '#src/shared/run-events.js';

const log = await MetricsLog.open(process.argv[2]!, 0);
const record = (step: number) => ({ kind: 'step', step, loss: 0.1 }) as StepRecord;
for (let step = 1; step <= 1000; step++) log.append(record(step));

const codeOf = (error: unknown) => (error as { code?: string }).code;
const sync = await log.sync().then(() => 'none', codeOf);
let append: unknown = 'none';
try {
  log.append(record(1001));
} catch (error) {
  append = codeOf(error);
}
console.log(JSON.stringify({ sync, append }));
