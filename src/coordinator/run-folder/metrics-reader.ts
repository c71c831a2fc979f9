import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricsRecord } from '../../shared/run-events.js';
import { guarded } from './file-errors.js';
import { METRICS } from './run-folder.js';

/** The records of a run's metrics.jsonl; a last line that is still being written is left out. */
export async function readMetrics(folder: string): Promise<readonly MetricsRecord[]> {
  const path = join(folder, METRICS);
  const text = await guarded(path, () => readFile(path, 'utf8'));
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as MetricsRecord);
}
