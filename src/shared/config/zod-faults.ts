import type * as z from 'zod';
import { didYouMean } from './did-you-mean.js';
import { showValue, type ConfigFault } from './faults.js';

/**
 * What zod objects to (asked with `reportInput`), as faults that name path, wish and what was got.
 * `keysAt`: the keys known at a path, to guess what a wrong one was meant to be.
 */
export function zodFaults(
  error: z.ZodError,
  whole: string,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): readonly ConfigFault[] {
  return error.issues.flatMap((issue) => faultsOf(issue, whole, keysAt));
}

function faultsOf(
  issue: z.core.$ZodIssue,
  whole: string,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): ConfigFault[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = didYouMean(key, keysAt(issue.path));
      const message = near === null ? 'no such key' : `no such key; did you mean ${near}?`;
      return { path: path === '' ? key : `${path}.${key}`, message };
    });
  }
  const wanted = issue.message.replace(/^Invalid input: /, '').replace(/, received .*/, '');
  const got = `got ${showValue(issue.input)}`;
  return [{ path: path === '' ? whole : path, message: `${wanted}, ${got}` }];
}
