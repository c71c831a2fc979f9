import type { ConfigInput, TrainingConfig } from './schema.js';

/** Where training ends, in optimizer steps: at `epochs` or `steps`, whichever comes first. */
export function lastStep(
  config: Pick<TrainingConfig, 'epochs' | 'steps'>,
  perEpoch: number,
): number {
  const byEpochs = config.epochs === null ? Infinity : config.epochs * perEpoch;
  return Math.min(byEpochs, config.steps ?? Infinity);
}

/**
 * Lays a stronger source (flags) over a weaker one (a file). `epochs` and `steps` are one setting,
 * the end: a source that gives one of them replaces both.
 */
export function overlay(weaker: object, stronger: ConfigInput): object {
  const givesEnd = stronger.epochs !== undefined || stronger.steps !== undefined;
  const given = Object.entries(stronger).filter(([, value]) => value !== undefined);
  const kept = Object.entries(weaker).filter(
    ([key]) => !(givesEnd && (key === 'epochs' || key === 'steps')),
  );
  return Object.fromEntries([...kept, ...given]);
}
