import { LockstepError } from '../errors.js';

/** Where a server listens: `HOST:PORT`, `[IPv6]:PORT`; port 0 picks a free one. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Throws USAGE_INVALID. */
export function parseSocketAddress(text: string): SocketAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new LockstepError('USAGE_INVALID', `${text} is no address to listen on.`, {
      hint: 'Write HOST:PORT, such as 127.0.0.1:7700 or [::]:7700; port 0 picks a free one.',
    });
  }
  return { host: match[1] ?? match[2]!, port };
}

export function formatSocketAddress({ host, port }: SocketAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** How a coordinator or worker at an address is dialled. */
export function webSocketUrl(address: SocketAddress, isEncrypted: boolean): string {
  return `${isEncrypted ? 'wss' : 'ws'}://${formatSocketAddress(address)}`;
}

/** Whether TLS is spoken at an address. */
export const isEncrypted = ({ protocol }: URL): boolean => /^(wss|https):$/.test(protocol);

/** Whether it stands for all addresses of the machine, and so for none that others can dial. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The address of a run as a user gives it. Throws USAGE_INVALID. */
export function parseRunUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new LockstepError('USAGE_INVALID', `${text} is no address of a run.`, {
      hint: 'Write ws://HOST:PORT or wss://HOST:PORT, as the coordinator prints it.',
    });
  }
}
