import { failureOf, errorOf } from '../shared/protocol/failure.js';
import { noRunAt } from '../shared/link/dial.js';
import { parseRunUrl } from '../shared/link/socket-address.js';
import { readToken } from '../shared/link/token.js';
import { refusalSchema } from '../shared/wire/session.js';
import { clusterStatusSchema, STATUS_PATH, type ClusterStatus } from '../shared/wire/status.js';

const TIMEOUT_MILLISECONDS = 5000;

/** Asks a coordinator how its run stands. Throws JOIN_FAILED, JOIN_REFUSED, TOKEN_INVALID. */
export async function clusterStatus(url: string, tokenFile: string): Promise<ClusterStatus> {
  const token = await readToken(tokenFile);
  const address = new URL(STATUS_PATH, parseRunUrl(url).href.replace(/^ws/, 'http'));
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
    throw noRunAt(url, message.split('\n')[0]!, cause);
  }
  const value = parsed(text);
  if (isGiven) {
    const status = clusterStatusSchema.safeParse(value);
    if (status.success) return status.data;
  }
  const refusal = refusalSchema.safeParse(value);
  if (refusal.success) throw errorOf(refusal.data);
  throw noRunAt(url, 'it answers something else');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
