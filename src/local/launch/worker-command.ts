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

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export const isHere = (host: string): boolean =>
  ['localhost', '127.0.0.1', '::1', hostname()].includes(host);

/** How a worker is started: here as a child, elsewhere by ssh. Neither shows the token to `ps`. */
export function workerCommand(
  worker: NamedWorker,
  ssh: Cluster['ssh'],
  url: string,
  tokenFile: string,
): Command {
  const flags = ['worker', '--join', url, '--while-stdin-open', ...workerFlags(worker)];
  if (worker.listen !== null) flags.push('--listen', worker.listen);
  if (isHere(worker.host)) {
    const args = [...process.execArgv, MAIN, ...flags, '--token-file', tokenFile];
    return { program: process.execPath, args, takesToken: false };
  }
  const script = remoteScript(`${ssh.command} ${flags.map(quoted).join(' ')}`);
  const fixed = ['-T', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=10'];
  const args = [...fixed, ...ssh.options, '--', worker.host, `exec sh -c ${quoted(script)}`];
  return { program: 'ssh', args, takesToken: true };
}

/** The token comes on standard input and lies, while the worker lives, in a file of mode 0600. */
const remoteScript = (command: string): string =>
  [
    'file=$(mktemp) || exit 1',
    `trap 'rm -f "$file"' EXIT`,
    `trap 'exit 143' TERM HUP INT`,
    'IFS= read -r token || exit 1',
    `printf '%s\\n' "$token" >"$file"`,
    `${command} --token-file "$file"`,
  ].join('; ');
