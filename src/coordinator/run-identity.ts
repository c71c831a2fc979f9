import { createHash } from 'node:crypto';
import { LockstepError } from '../shared/errors.js';

/**
 * Everything that decides the bits of a run, by name: digests, hex. Two processes work on the same
 * run only where all of them agree.
 */
export type RunIdentity = Readonly<Record<string, string>>;

/** SHA-256, hex, of plain data as JSON. */
export function digestOf(value: unknown): string {
  return digestOfBytes(Buffer.from(JSON.stringify(value), 'utf8'));
}

export function digestOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The run's name on the wire. */
export function runName(identity: RunIdentity): string {
  const sorted = Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1));
  return digestOf(sorted).slice(0, 32);
}

/** Throws RUN_IDENTITY_DIFFERS naming each thing that is not what it was. */
export function requireSameIdentity(stored: RunIdentity, present: RunIdentity, run: string): void {
  const names = new Set([...Object.keys(stored), ...Object.keys(present)]);
  const changed = [...names].filter((name) => stored[name] !== present[name]);
  if (changed.length === 0) return;
  const list = changed.map(
    (name) => `  ${name}: was ${short(stored[name])}, is ${short(present[name])}`,
  );
  throw new LockstepError(
    'RUN_IDENTITY_DIFFERS',
    `${run} cannot go on to the same bits here; these are not what they were:\n${list.join('\n')}`,
    {
      hint: 'Use the data, the model and the version of Lockstep with which the run began.',
      where: { run },
    },
  );
}

const short = (digest: string | undefined): string => digest?.slice(0, 12) ?? 'absent';
