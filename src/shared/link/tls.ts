import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { LockstepError } from '../errors.js';
import { isEncrypted, webSocketUrl, type SocketAddress } from './socket-address.js';
import type { Token } from './token.js';

/** How a server of encrypted links proves who it is, in Node's terms. */
export type ServerTls = Pick<
  tls.TlsOptions,
  'cert' | 'key' | 'pskCallback' | 'ciphers' | 'minVersion'
>;

/** How who dials an encrypted link tells who is there, in Node's terms; nothing in the clear. */
export type ClientTls = Pick<
  tls.ConnectionOptions,
  'secureContext' | 'pskCallback' | 'ciphers' | 'minVersion' | 'checkServerIdentity'
>;

/** A certificate with its chain, and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Reads certificate and key; null where neither is given. Throws TLS_INVALID. */
export async function readCertificate(
  certFile: string | null,
  keyFile: string | null,
): Promise<Certificate | null> {
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    const given = certFile === null ? 'a key without its certificate' : 'a certificate without key';
    throw invalid(`TLS takes a certificate and its key; what was given is ${given}.`);
  }
  const cert = await readPem(certFile);
  const key = await readPem(keyFile);
  const parsed = parse(certFile, 'certificate', () => new X509Certificate(cert));
  const secret = parse(keyFile, 'private key without a password', () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(secret)) {
    throw invalid(`The key in ${keyFile} is not that of the certificate in ${certFile}.`);
  }
  return { cert, key };
}

/** How a server is dialled: by its host where its certificate holds that, else by a name of it. */
export function certifiedUrl(
  { host, port }: SocketAddress,
  certificate: Certificate | null,
): string {
  const name = certificate === null ? host : certifiedName(certificate, host);
  return webSocketUrl({ host: name, port }, certificate !== null);
}

function certifiedName({ cert }: Certificate, host: string): string {
  const parsed = new X509Certificate(cert);
  if (parsed.checkIP(host) !== undefined || parsed.checkHost(host) !== undefined) return host;
  return /DNS:([\w.-]+)/.exec(parsed.subjectAltName ?? '')?.[1] ?? host;
}

/**
 * Whom to trust at an address: the authorities in `caFile` alone, or, where it is null, those of Node
 * and of the system, which are read only where they are needed. Throws TLS_INVALID.
 */
export async function readTrust(url: URL, caFile: string | null): Promise<ClientTls> {
  if (caFile === null) {
    if (!isEncrypted(url)) return {};
    const ca = [...tls.rootCertificates, ...(await systemAuthorities())];
    return { secureContext: tls.createSecureContext({ ca }) };
  }
  const ca = await readPem(caFile);
  parse(caFile, 'certificate', () => new X509Certificate(ca));
  return { secureContext: tls.createSecureContext({ ca }) };
}

const PEER_IDENTITY = 'lockstep-peer';
/** TLS 1.3 with a key that both have, and a fresh exchange for each connection (RFC 8446, 2.2). */
const PEER_CIPHERS = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

/**
 * Workers have no certificates: what they share is the token of the run, and a key derived from it
 * proves either side to the other.
 */
export function peerServerTls(token: Token): ServerTls {
  const psk = token.keyFor(PEER_IDENTITY);
  return {
    ...PEER_CIPHERS,
    pskCallback: (_, identity) => (identity === PEER_IDENTITY ? psk : null),
  };
}

export function peerClientTls(token: Token): ClientTls {
  const psk = token.keyFor(PEER_IDENTITY);
  return {
    ...PEER_CIPHERS,
    pskCallback: () => ({ psk, identity: PEER_IDENTITY }),
    // There is no certificate to look at: the key is the proof.
    checkServerIdentity: () => undefined,
  };
}

/** Where Linux distributions keep what their users trust; OpenSSL's own variables go first. */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

async function systemAuthorities(): Promise<string[]> {
  const { SSL_CERT_FILE, NODE_EXTRA_CA_CERTS } = process.env;
  const extra = NODE_EXTRA_CA_CERTS ? [await readPem(NODE_EXTRA_CA_CERTS)] : [];
  if (SSL_CERT_FILE) return [await readPem(SSL_CERT_FILE), ...extra];
  // From Node 22.15 on; it knows the stores of macOS and Windows, too.
  const ofNode = (tls as { getCACertificates?: (type: 'system') => string[] }).getCACertificates;
  if (ofNode !== undefined) return [...ofNode('system'), ...extra];
  for (const file of SYSTEM_FILES) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return [text, ...extra];
  }
  return extra;
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw invalid(`The TLS file ${path} cannot be read: ${(cause as Error).message}.`, cause);
  }
}

function parse<Value>(path: string, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw invalid(`The TLS file ${path} holds no ${what} in PEM form.`, cause);
  }
}

function invalid(message: string, cause?: unknown): LockstepError {
  return new LockstepError('TLS_INVALID', message, {
    hint: 'Expected are PEM files: the certificate with its chain, its key, and the authority.',
    cause,
  });
}
