import { readFile } from 'node:fs/promises';
import { LockstepError } from '../errors.js';

/**
 * The value in a JSON file that a user names; a byte-order mark is passed over. Throws
 * CONFIG_FILE_UNREADABLE with `hint`, and what `notJson` makes of the parser's reason.
 */
export async function readJson(
  path: string,
  hint: string,
  notJson: (reason: string, cause: unknown) => LockstepError,
): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new LockstepError('CONFIG_FILE_UNREADABLE', `${path} cannot be read.`, { hint, cause });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw notJson(cause instanceof Error ? cause.message : String(cause), cause);
  }
}
