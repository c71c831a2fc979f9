import { createHash } from 'node:crypto';
import type { NamedBytes } from './state-bytes.js';

/** SHA-256, hex, over names and bytes: two workers' copies of one state have the same. */
export function stateDigest(state: NamedBytes): string {
  const hash = createHash('sha256');
  for (const [name, bytes] of state) hash.update(name).update('\0').update(bytes);
  return hash.digest('hex');
}
