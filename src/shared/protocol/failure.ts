import { LockstepError } from '../errors.js';
import type { Failure } from './messages.js';

/** An error as the machines and the wire carry it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LockstepError) {
    const { code, message, hint = '', where } = error;
    return { code, message, hint, where };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'LOCKSTEP_INTERNAL', message, hint: '', where: {} };
}

export function errorOf({ code, message, hint, where }: Failure): LockstepError {
  return new LockstepError(code, message, hint === '' ? { where } : { hint, where });
}
