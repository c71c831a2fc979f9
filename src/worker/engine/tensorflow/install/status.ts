import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineRefusal } from '../../engine.js';
import type { InstallRecord } from './binding.js';
import { missingTools } from './tools.js';
import { installFolders } from './versions.js';

export interface Installation extends InstallRecord {
  readonly folder: string;
}

/** null where this version's parts are not installed. */
export function readInstallation(env: NodeJS.ProcessEnv): Installation | null {
  const { binding: folder } = installFolders(env);
  try {
    const text = readFileSync(join(folder, 'install.json'), 'utf8');
    return { ...(JSON.parse(text) as InstallRecord), folder };
  } catch {
    return null;
  }
}

/** Why the engine is not installed, and what is missing for it. */
export async function installStatus(env: NodeJS.ProcessEnv): Promise<EngineRefusal> {
  const missing = await missingTools(env);
  const command = 'lockstep engine install tensorflow';
  if (missing.length === 0) {
    return { reason: 'it is not installed', remedy: `To install it: ${command}` };
  }
  return {
    reason: `it is not installed, and this machine lacks ${missing.map(({ tool }) => tool).join(' and ')} to make it`,
    remedy: `${missing.map(({ hint }) => hint).join('. ')}. Then: ${command}`,
  };
}
