import { failureOf, errorOf } from '../shared/protocol/failure.js';
import { LockstepError } from '../shared/errors.js';
import { readToken } from '../shared/link/token.js';
import { refusalSchema } from '../shared/wire/session.js';
import { clusterStatusSchema, STATUS_PATH, type ClusterStatus } from '../shared/wire/status.js';

const TIMEOUT_MILLISECONDS = 5000;

/** Asks a coordinator how its run stands. Throws JOIN_FAILED, JOIN_REFUSED, TOKEN_INVALID. */
export async function clusterStatus(url: string, tokenFile: string): Promise<ClusterStatus> {
  const token = await readToken(tokenFile);
  const address = statusAddress(url);
  let text: string;
  let isGiven: boolean;
  try {
    const response = await fetch(address, {
      headers: { authorization: token.authorization },
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    text = await response.text();
    isGiven = response.ok;
  } catch (cause) {
    const { message } = failureOf(cause instanceof Error ? (cause.cause ?? cause) : cause);
    throw unreachable(url, message.split('\n')[0]!, cause);
  }
  const value = parsed(text);
  if (isGiven) {
    const status = clusterStatusSchema.safeParse(value);
    if (status.success) return status.data;
  }
  const refusal = refusalSchema.safeParse(value);
  if (refusal.success) throw errorOf(refusal.data);
  throw unreachable(url, 'it answers something else');
}

function statusAddress(url: string): URL {
  try {
    return new URL(STATUS_PATH, url.replace(/^ws/, 'http'));
  } catch {
    throw new LockstepError('USAGE_INVALID', `${url} is no address of a run.`, {
      hint: 'Write ws://HOST:PORT, as the coordinator prints it.',
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable(url: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError('JOIN_FAILED', `${url} does not answer as a Lockstep run: ${reason}.`, {
    hint: 'Check the address, and that the coordinator runs.',
    where: { url },
    cause,
  });
}
