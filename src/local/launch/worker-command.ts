import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Cluster, NamedWorker } from './read-cluster.js';
import { quoted, workerFlags } from './script-words.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Whether the first line of standard input is to be the token. */
  readonly takesToken: boolean;
}

/** Where a worker joins, and with what. */
export interface JoinPlace {
  readonly url: string;
  readonly tokenFile: string;
  /** null: the authorities of the system of each worker. */
  readonly tlsCa: string | null;
}

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export const isHere = (host: string): boolean =>
  ['localhost', '127.0.0.1', '::1', hostname()].includes(host);

/** How a worker is started: here as a child, elsewhere by ssh. Neither shows the token to `ps`. */
export async function workerCommand(
  worker: NamedWorker,
  ssh: Cluster['ssh'],
  { url, tokenFile, tlsCa }: JoinPlace,
): Promise<Command> {
  const flags = ['worker', '--join', url, '--while-stdin-open', ...workerFlags(worker)];
  if (worker.listen !== null) flags.push('--listen', worker.listen);
  if (isHere(worker.host)) {
    const args = [...process.execArgv, MAIN, ...flags, '--token-file', tokenFile];
    if (tlsCa !== null) args.push('--tls-ca', tlsCa);
    return { program: process.execPath, args, takesToken: false };
  }
  const ca = tlsCa === null ? null : await readFile(tlsCa, 'utf8');
  const script = remoteScript(`${ssh.command} ${flags.map(quoted).join(' ')}`, ca);
  const fixed = ['-T', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=10'];
  const args = [...fixed, ...ssh.options, '--', worker.host, `exec sh -c ${quoted(script)}`];
  return { program: 'ssh', args, takesToken: true };
}

/**
 * The token comes on standard input and lies, while the worker lives, in a file of mode 0600. The
 * authority is no secret.
 */
const remoteScript = (command: string, ca: string | null): string =>
  [
    'file=$(mktemp) || exit 1',
    `trap 'rm -f "$file" "$file.pem"' EXIT`,
    `trap 'exit 143' TERM HUP INT`,
    'IFS= read -r token || exit 1',
    `printf '%s\\n' "$token" >"$file"`,
    ...(ca === null
      ? [`${command} --token-file "$file"`]
      : [
          `printf '%s' ${quoted(ca)} >"$file.pem"`,
          `${command} --token-file "$file" --tls-ca "$file.pem"`,
        ]),
  ].join('; ');
