import { LockstepError } from '../errors.js';
import type { Failure } from './messages.js';

/** An error as the machines and the wire carry it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LockstepError) {
    const { code, message, hint = '', where, cause } = error;
    return { code, message, hint, where, cause };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'LOCKSTEP_INTERNAL', message, hint: '', where: {}, cause: error };
}

export function errorOf({ code, message, hint, where, cause }: Failure): LockstepError {
  return new LockstepError(code, message, hint === '' ? { where, cause } : { hint, where, cause });
}
