import { LockstepError, type ErrorCode } from '../shared/errors.js';
import { printable } from './display/printable.js';

/** Exit statuses of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Besides all USAGE_ and CONFIG_ codes: what the user asked for is at fault, not the run. */
const ALSO_USAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RUN_FOLDER_TAKEN',
  'RUN_FOLDER_NOT_A_RUN',
  'MODEL_UNKNOWN',
  'MODEL_PRETRAINED_INVALID',
  'MODEL_PRETRAINED_MISFIT',
  'ENGINE_UNKNOWN',
  'ENGINE_MODEL_REFUSED',
  'ENGINE_BATCH_NORM_SINGLE',
  'DATA_SHAPE_INVALID',
  'DATA_OUTPUT_EXISTS',
  'DATA_SPLIT_TOO_LARGE',
  'DATA_IMAGE_SIZES',
  'RUN_WITHOUT_VALIDATION',
  'RUN_WITHOUT_BEST',
  'REPORT_OUTPUT_EXISTS',
  'STUDY_NOT_FOUND',
  'ENSEMBLE_MISFIT',
]);

export function exitStatus(error: unknown): number {
  if (!(error instanceof LockstepError)) return EXIT.failed;
  if (error.code === 'RUN_INTERRUPTED') return EXIT.interrupted;
  const usage = /^(USAGE|CONFIG)_/.test(error.code) || ALSO_USAGE.has(error.code);
  return usage ? EXIT.usage : EXIT.failed;
}

/**
 * What standard error shows: the code, what happened, where, why, and what to do. An error that
 * Lockstep did not raise on purpose keeps its stack, since only that says where it arose.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof LockstepError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `lockstep: an error that it does not know:\n${text}\n`;
  }
  const where = Object.entries(error.where).map(([name, value]) => `${name} ${String(value)}`);
  // What a peer has sent may be in all of it.
  const lines = [`lockstep: ${error.code}: ${printable(error.message)}`];
  if (where.length > 0) lines.push(`  where: ${printable(where.join(', '))}`);
  if (error.cause instanceof Error) lines.push(`  cause: ${printable(error.cause.message)}`);
  if (error.hint !== undefined) lines.push(`  hint: ${printable(error.hint)}`);
  if (error.code === 'LOCKSTEP_INTERNAL') lines.push(error.stack ?? '');
  return `${lines.join('\n')}\n`;
}
