import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheFolder } from '../../../../shared/cache-folder.js';
import { NVIDIA_PACKAGES } from './nvidia-packages.js';
import { PATCHES } from './patches.js';
import { QUIET_SOURCE } from './quiet-source.js';

/** The release of TensorFlow whose library the engine runs on. */
export const TENSORFLOW = '2.21.0';
/** The release of @tensorflow/tfjs-node-gpu whose binding is compiled against it. */
export const BINDING = '4.22.0';

/** The build of TensorFlow's library: for processors alone, or for NVIDIA's GPUs too. */
export type Variant = 'cpu' | 'cuda';

/**
 * Where the parts lie, below the user's cache. A folder's name says what decides its contents, so
 * that versions stand side by side and none is ever changed:
 *
 *   downloads/                           wheels and sources, until they are unpacked
 *   library-2.21.0-linux-x64/            lib/, include/
 *   library-2.21.0-cuda-…-linux-x64/     lib/, include/, nvidia/
 *   binding-4.22.0-….-2.21.0-linux-x64/  tfjs_binding.node, install.json
 */
export interface InstallFolders {
  readonly downloads: string;
  readonly library: string;
  readonly binding: string;
}

export function installFolders(env: NodeJS.ProcessEnv, variant: Variant): InstallFolders {
  const root = join(cacheFolder(env), 'tensorflow');
  const platform = `${process.platform}-${process.arch}`;
  const source = shortHash([PATCHES, QUIET_SOURCE]);
  const release =
    variant === 'cpu' ? TENSORFLOW : `${TENSORFLOW}-cuda-${shortHash(NVIDIA_PACKAGES)}`;
  return {
    downloads: join(root, 'downloads'),
    library: join(root, `library-${release}-${platform}`),
    binding: join(root, `binding-${BINDING}-${source}-${release}-${platform}`),
  };
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);
}
