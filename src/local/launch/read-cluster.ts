import { dirname, resolve } from 'node:path';
import { configError, showValue, type ConfigFault } from '../../shared/config/faults.js';
import { gpusFault, gpuWishOf } from '../../shared/config/gpus.js';
import { parseKeys } from '../../shared/config/parse.js';
import { readJson } from '../../shared/config/read-json.js';
import { absolutePaths } from '../../shared/config/resolve.js';
import type { ConfigInput } from '../../shared/config/schema.js';
import { zodFaults } from '../../shared/config/zod-faults.js';
import { LockstepError } from '../../shared/errors.js';
import {
  CLUSTER_SHAPE,
  clusterSchema,
  COORDINATOR_SHAPE,
  RESTART_SHAPE,
  SSH_SHAPE,
  WORKER_SHAPE,
  type ClusterFile,
  type WorkerEntry,
} from './cluster-schema.js';

export type NamedWorker = WorkerEntry & { readonly name: string };

export type Cluster = Omit<ClusterFile, 'train' | 'workers'> & {
  readonly workers: readonly NamedWorker[];
  /** Paths in it are absolute: they were relative to the file's folder. */
  readonly train: ConfigInput;
};

/** Reads a cluster file. Throws CONFIG_FILE_UNREADABLE, CONFIG_FILE_NOT_JSON and CONFIG_INVALID. */
export async function readCluster(file: string, cwd: string): Promise<Cluster> {
  const path = resolve(cwd, file);
  const value = await readJson(
    path,
    'Name a JSON file that describes the cluster, such as cluster.example.json.',
    (_, cause) =>
      new LockstepError('CONFIG_FILE_NOT_JSON', `${path} is not JSON.`, {
        hint: 'cluster.example.json shows the form.',
        cause,
      }),
  );
  return parseCluster(value, dirname(path));
}

/** Checks the whole description and reports every fault. */
export function parseCluster(value: unknown, folder: string): Cluster {
  const { train = {}, ...rest } = isRecord(value) ? value : {};
  delete rest['$schema'];
  const parsed = clusterSchema.safeParse(isRecord(value) ? rest : value, { reportInput: true });
  const faults = parsed.success ? [] : [...zodFaults(parsed.error, 'cluster', keysAt)];
  faults.push(...parseKeys(train, (key) => `train.${key}`).faults);
  if (isRecord(train)) faults.push(...faultsOfTraining(train));
  if (parsed.success) faults.push(...parsed.data.workers.flatMap(faultsOfGpus));
  if (!parsed.success || faults.length > 0) throw configError(faults);
  const { coordinator, workers, ssh, restarts } = parsed.data;
  const named = workers.flatMap((worker, i) => {
    const name = worker.name ?? `${worker.host.replace(/^.*@/, '').replaceAll(':', '-')}-${i + 1}`;
    return byGpu({ ...worker, name });
  });
  const names = named.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    const message = `two workers have the name ${showValue(twice)}; expected different ones`;
    throw configError([{ path: 'workers', message }]);
  }
  const { tokenFile, tlsCert, tlsKey, tlsCa } = coordinator;
  const pathOf = (path: string | null): string | null => path && resolve(folder, path);
  return {
    coordinator: {
      ...coordinator,
      tokenFile: pathOf(tokenFile),
      tlsCert: pathOf(tlsCert),
      tlsKey: pathOf(tlsKey),
      tlsCa: pathOf(tlsCa),
    },
    workers: named,
    ssh,
    restarts,
    train: absolutePaths(train as ConfigInput, folder),
  };
}

/** A worker for each GPU, where that was asked for. A process sees no GPU but its own. */
function byGpu(worker: NamedWorker): readonly NamedWorker[] {
  const wish = gpuWishOf(worker.gpus);
  if (!worker.processPerGpu || wish === null || typeof wish === 'string') return [worker];
  return wish.map((gpu) => ({
    ...worker,
    ...{ name: `${worker.name}-gpu${gpu}`, gpus: String(gpu), processPerGpu: false },
  }));
}

function faultsOfGpus({ gpus, processPerGpu, listen }: WorkerEntry, i: number): ConfigFault[] {
  const at = (key: string, message: string) => [{ path: `workers.${i}.${key}`, message }];
  const wish = gpuWishOf(gpus);
  const fault = gpus === null ? null : gpusFault(gpus);
  if (fault !== null) return at('gpus', fault);
  if (!processPerGpu) return [];
  if (wish === null || typeof wish === 'string') {
    return at('processPerGpu', `needs gpus with numbers, such as "0,1", got ${showValue(gpus)}`);
  }
  if (listen !== null && wish.length > 1 && !listen.endsWith(':0')) {
    return at(
      'listen',
      `several workers cannot share ${showValue(listen)}; expected null, or port 0`,
    );
  }
  return [];
}

/** Keys of a configuration that a cluster has otherwise. */
function faultsOfTraining(train: Readonly<Record<string, unknown>>): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (typeof train['threads'] === 'number') {
    const message = `null, got ${showValue(train['threads'])}: each worker has its own, in workers[].threads`;
    faults.push({ path: 'train.threads', message });
  }
  if (train['dryRun'] === true) {
    const message = 'false, got true: a launch trains; lockstep train --dry-run shows the plan';
    faults.push({ path: 'train.dryRun', message });
  }
  return faults;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SHAPES: Readonly<Record<string, object>> = {
  coordinator: COORDINATOR_SHAPE,
  workers: WORKER_SHAPE,
  ssh: SSH_SHAPE,
  restarts: RESTART_SHAPE,
};

const keysAt = (path: readonly PropertyKey[]): readonly string[] =>
  Object.keys(path.length === 0 ? CLUSTER_SHAPE : SHAPES[String(path[0])]!);
