import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readToken, type Token } from '../shared/link/token.js';

const FILE = 'cluster-token';

/** The token of the file given, or that of the run's own folder, made where there is none. */
export async function tokenOf(
  given: string | null,
  folder: string,
): Promise<{ readonly token: Token; readonly path: string }> {
  if (given !== null) return { token: await readToken(given), path: resolve(given) };
  const path = join(resolve(folder), FILE);
  if (!existsSync(path)) {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return { token: await readToken(path), path };
}
