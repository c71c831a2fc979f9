/** Keeps the decoded sets in the cache from piling up. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './read-file.js';

/** A file under a temporary name that has not been written to for so long has no writer left. */
const ABANDONED_AFTER_MILLIS = 60 * 60 * 1000;

/** Removes entries of folders that are gone, and what writers that died left behind. */
export function pruneDecoded(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.tmp')) {
      const stat = statSync(path, { throwIfNoEntry: false });
      const isOld = stat !== undefined && Date.now() - stat.mtimeMs > ABANDONED_AFTER_MILLIS;
      if (isOld) rmSync(path, { force: true });
    } else if (name.endsWith('.json') && sourceIsGone(path)) {
      rmSync(path, { force: true });
      rmSync(path.replace(/json$/, 'bytes'), { force: true });
    }
  }
}

function sourceIsGone(manifest: string): boolean {
  try {
    const { folder } = JSON.parse(readText(manifest)) as { folder?: unknown };
    return typeof folder === 'string' && !existsSync(folder);
  } catch {
    // Another process is at it, or it is damaged: whoever reads that entry makes it anew.
    return false;
  }
}
