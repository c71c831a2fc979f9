/** One installer at a time: a folder that the holder makes, with its process id inside. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

function holderAlive(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while holding `lock`; waits for a living holder, takes over from a dead one. */
export async function withLock(lock, work) {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      await sleep(500);
      // A holder writes its id right after it made the folder: look twice before taking over.
      if (!holderAlive(lock)) {
        await sleep(500);
        if (!holderAlive(lock)) rmSync(lock, { recursive: true, force: true });
      }
    }
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
