import { setTimeout as after } from 'node:timers/promises';

/**
 * What `work` resolves with, or `late` where that takes longer. No timer is left behind; a work that
 * is late goes on, unheard.
 */
export async function within<Value, Late>(
  milliseconds: number,
  work: Promise<Value>,
  late: Late,
): Promise<Value | Late> {
  const bound = new AbortController();
  const tooLate = after(milliseconds, late, { signal: bound.signal });
  // Its own end is no error.
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    bound.abort();
  }
}
