/** Where Lockstep keeps what it fetched and decoded. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** $LOCKSTEP_CACHE, or $XDG_CACHE_HOME/lockstep, or ~/.cache/lockstep; an absolute path. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['LOCKSTEP_CACHE']) return resolve(env['LOCKSTEP_CACHE']);
  // The XDG base directory specification: a relative path is to be ignored.
  const xdg = env['XDG_CACHE_HOME'];
  const base = xdg?.startsWith('/') ? xdg : join(homedir(), '.cache');
  return join(base, 'lockstep');
}

export function fashionMnistFolder(cache: string): string {
  return join(cache, 'fashion-mnist');
}
