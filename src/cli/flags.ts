import { LockstepError } from '../shared/errors.js';
import { lastOf } from './config-source.js';

type Argv = Readonly<Record<string, unknown>>;

/** The text given for a flag that is no configuration key; null where it is not given. */
export function textFlag(argv: Argv, flag: string): string | null {
  const value = lastOf(argv[flag]);
  return typeof value === 'string' ? value : null;
}

/** A flag's whole number from `least` on; null where it is not given. Throws USAGE_INVALID. */
export function wholeNumberFlag(argv: Argv, flag: string, least: number): number | null {
  const text = textFlag(argv, flag);
  if (text === null) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new LockstepError(
    'USAGE_INVALID',
    `--${flag}: expected a whole number from ${least}, got ${JSON.stringify(text)}.`,
    { hint: 'See --help.' },
  );
}
