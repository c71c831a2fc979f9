/** A stand-in for the program of NVIDIA's driver, in a folder of its own that goes into PATH. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface FakeGpu {
  readonly name?: string;
  readonly capability?: string;
}

/** What `nvidia-smi` of a machine with these GPUs prints for the query that Lockstep makes. */
export function listingOf(gpus: readonly FakeGpu[], driver = '550.54.15'): string {
  const line = ({ name = 'NVIDIA A100-SXM4-80GB', capability = '8.0' }: FakeGpu, index: number) =>
    `${index}, GPU-${index}${index}aa, ${name}, 81920, ${capability}, ${driver}\n`;
  return gpus.map(line).join('');
}

/** An environment whose `nvidia-smi` prints `output` and ends with `status`. */
export function withDriver(
  folder: string,
  output: string,
  status = 0,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'listing'), output);
  const script = `#!/bin/sh
case "$*" in
  *--query-gpu=index,uuid,name,memory.total,compute_cap,driver_version*noheader,nounits*) ;;
  *) echo "unknown query: $*"; exit 9 ;;
esac
/bin/cat '${join(folder, 'listing')}'
exit ${status}
`;
  writeFileSync(join(folder, 'nvidia-smi'), script, { mode: 0o755 });
  return {
    ...env,
    CUDA_VISIBLE_DEVICES: undefined,
    PATH: `${folder}${delimiter}${env['PATH'] ?? ''}`,
  };
}
