import { LockstepError } from '../shared/errors.js';

/** A flag's whole number from `least` on; null where the flag is not given. Throws USAGE_INVALID. */
export function wholeNumber(flag: string, text: string | null, least: number): number | null {
  if (text === null) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new LockstepError(
    'USAGE_INVALID',
    `${flag}: expected a whole number from ${least}, got ${JSON.stringify(text)}.`,
    { hint: 'See --help.' },
  );
}
