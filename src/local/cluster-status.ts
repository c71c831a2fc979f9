import { ask } from '../shared/link/ask.js';
import { noRunAt } from '../shared/link/dial.js';
import { parseRunUrl } from '../shared/link/socket-address.js';
import { readTrust } from '../shared/link/tls.js';
import { readToken } from '../shared/link/token.js';
import { errorOf } from '../shared/protocol/failure.js';
import { refusalSchema } from '../shared/wire/session.js';
import { clusterStatusSchema, STATUS_PATH, type ClusterStatus } from '../shared/wire/status.js';

/**
 * Asks a coordinator how its run stands. `tlsCa`: PEM file of the authority to trust, null for those
 * of the system. Throws JOIN_FAILED, JOIN_REFUSED, JOIN_UNTRUSTED, TOKEN_INVALID, TLS_INVALID.
 */
export async function clusterStatus(
  url: string,
  tokenFile: string,
  tlsCa: string | null = null,
): Promise<ClusterStatus> {
  const token = await readToken(tokenFile);
  const address = parseRunUrl(url);
  const trust = await readTrust(address, tlsCa);
  const { isGiven, text } = await ask(address, STATUS_PATH, token, trust);
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
