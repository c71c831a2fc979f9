import { readFile, writeFile } from 'node:fs/promises';
import { LockstepError } from '../shared/errors.js';
import { REPORT_MARK } from '../report/page.js';

/**
 * Refuses a file that holds anything but an earlier report: asked before the work is done.
 * @throws LockstepError REPORT_OUTPUT_EXISTS, REPORT_OUTPUT_FAILED
 */
export async function refuseForeignFile(path: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw failed(path, error);
  }
  if (text === '' || text.includes(REPORT_MARK)) return;
  throw new LockstepError('REPORT_OUTPUT_EXISTS', `${path} exists and is no report.`, {
    hint: 'Name another file with --out, or remove that one.',
    where: { path },
  });
}

/** @throws LockstepError REPORT_OUTPUT_FAILED */
export async function writeReport(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    throw failed(path, error);
  }
}

function failed(path: string, cause: unknown): LockstepError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError('REPORT_OUTPUT_FAILED', `${path} cannot be written: ${reason}.`, {
    cause,
    hint: 'Name a file in a folder that exists and may be written to, with --out.',
    where: { path },
  });
}
