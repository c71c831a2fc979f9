import type { WireFormat } from './schema.js';

/** Whether the workers of a run come to the same bits, whoever computes what. */
export function isExact({ wire }: { readonly wire: WireFormat }): boolean {
  return wire === 'float32';
}
