import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineRefusal } from '../../engine.js';
import type { Gpu } from '../gpu/listing.js';
import type { InstallRecord } from './binding.js';
import { missingTools } from './tools.js';
import { installFolders, type Variant } from './versions.js';

export interface Installation extends InstallRecord {
  readonly folder: string;
  /** Folder of TensorFlow's library. */
  readonly library: string;
}

/** null where this version's parts are not installed. */
export function readInstallation(env: NodeJS.ProcessEnv, variant: Variant): Installation | null {
  const { binding: folder, library } = installFolders(env, variant);
  try {
    const text = readFileSync(join(folder, 'install.json'), 'utf8');
    return { ...(JSON.parse(text) as InstallRecord), folder, library };
  } catch {
    return null;
  }
}

/** The one to compute with: without GPUs, of two the smaller, which also starts sooner. */
export function installationFor(env: NodeJS.ProcessEnv, gpus: readonly Gpu[]): Installation | null {
  const needsCuda = gpus.some(({ isVirtual }) => !isVirtual);
  const cuda = () => readInstallation(env, 'cuda');
  return needsCuda ? cuda() : (readInstallation(env, 'cpu') ?? cuda());
}

/** Why the engine is not installed, and what is missing for it. `gpu`: whether GPUs can be used. */
export async function installStatus(env: NodeJS.ProcessEnv, gpu = false): Promise<EngineRefusal> {
  const missing = await missingTools(env);
  const command = `lockstep engine install tensorflow${gpu ? ' --gpu' : ''}`;
  if (missing.length === 0) {
    return { reason: 'it is not installed', remedy: `To install it: ${command}` };
  }
  return {
    reason: `it is not installed, and this machine lacks ${missing.map(({ tool }) => tool).join(' and ')} to make it`,
    remedy: `${missing.map(({ hint }) => hint).join('. ')}. Then: ${command}`,
  };
}
