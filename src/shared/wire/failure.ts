import * as z from 'zod';
import { ERROR_CODES, type ErrorCode } from '../errors.js';
import type { Failure } from '../protocol/messages.js';

/** Characters of the parts of a failure. */
const MOST_MESSAGE = 16384;
const MOST_HINT = 4096;
const MOST_KEY = 100;
const MOST_VALUE = 1000;

/** Not finite where the fault is just that, or where a model overflows on the test set alone. */
export const anyNumber = z.custom<number>(
  (value) => typeof value === 'number',
  'Invalid input: expected a number',
);

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

export const failureSchema = z.strictObject({
  code: z.enum(codes),
  message: z.string().max(MOST_MESSAGE),
  hint: z.string().max(MOST_HINT),
  where: z.record(z.string().max(MOST_KEY), z.union([z.string().max(MOST_VALUE), anyNumber])),
}) satisfies z.ZodType<Failure>;

/** A failure as it leaves the process: without its cause, and no longer than a peer accepts. */
export function outwardFailure({ code, message, hint, where }: Failure): Failure {
  return {
    code,
    message: message.slice(0, MOST_MESSAGE),
    hint: hint.slice(0, MOST_HINT),
    where: Object.fromEntries(
      Object.entries(where).map(([key, value]) => [
        key.slice(0, MOST_KEY),
        typeof value === 'string' ? value.slice(0, MOST_VALUE) : value,
      ]),
    ),
  };
}
