import { resolve } from 'node:path';
import { LockstepError } from '../shared/errors.js';
import type { ImageReference } from '../shared/run-reports.js';

/**
 * `test:123` and `train:0` name images of the run's data set; `FILE:5` the sixth image of an IDX
 * or CSV file, `FILE` its first.
 * @throws LockstepError USAGE_INVALID.
 */
export function parseImageReference(text: string, cwd: string): ImageReference {
  const match = /^(.+?)(?::(\d+))?$/s.exec(text);
  const [, name = '', digits] = match ?? [];
  const index = digits === undefined ? 0 : Number(digits);
  const isSet = name === 'test' || name === 'train';
  const setWithoutIndex = /^(test|train)(:|$)/.test(text) && !(isSet && digits !== undefined);
  if (name === '' || !Number.isSafeInteger(index) || setWithoutIndex) {
    throw new LockstepError('USAGE_INVALID', `${JSON.stringify(text)} does not name an image.`, {
      hint: 'Write test:INDEX, train:INDEX or FILE:INDEX (an IDX or CSV file; indices from 0).',
    });
  }
  if (isSet) return { kind: 'set', set: name, index };
  return { kind: 'file', path: resolve(cwd, name), index };
}
