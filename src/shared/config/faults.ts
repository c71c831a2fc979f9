import { LockstepError } from '../errors.js';

/** One thing that is wrong with a configuration. */
export interface ConfigFault {
  /** The key, or what the user called it (`--micro-batch`). */
  readonly path: string;
  /** What is wrong, after the path: expected this, got that. */
  readonly message: string;
}

/** How a key is called where its value came from. */
export type NameOfKey = (key: string) => string;

/** A value as the user would recognise it; NaN, bigints and texts told apart. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
  if (typeof value === 'function') return 'a function';
  return String(value);
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

export function configError(
  faults: readonly ConfigFault[],
  where: Readonly<Record<string, string | number>> = {},
): LockstepError {
  const list = faults.map((fault) => `  ${fault.path}: ${fault.message}`).join('\n');
  const head =
    faults.length === 1
      ? 'The configuration has a fault:'
      : `The configuration has ${String(faults.length)} faults:`;
  return new LockstepError('CONFIG_INVALID', `${head}\n${list}`, {
    hint: 'lockstep train --help lists every key; docs/configuration.md explains them.',
    where,
  });
}
