import type { ResolvedConfig } from './schema.js';

/**
 * Whether all workers of a run would make the same of a row. They do not where rows are rounded as
 * they travel, which each does by what it has kept back before, and where engines may be mixed.
 */
export function isExact({
  wire,
  mixedEngines,
}: Pick<ResolvedConfig, 'wire' | 'mixedEngines'>): boolean {
  return wire === 'float32' && !mixedEngines;
}
