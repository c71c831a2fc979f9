import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { LockstepError } from '../../shared/errors.js';
import { isWildcard, parseSocketAddress, webSocketUrl } from '../../shared/link/socket-address.js';
import type { RunSummary } from '../../shared/run-events.js';
import { certifiedUrl } from '../../shared/link/tls.js';
import { coordinate, type CoordinateInput, type ListeningPlace } from '../coordinate.js';
import { Crew } from './crew.js';
import type { Cluster } from './read-cluster.js';
import { isHere } from './worker-command.js';

export type LaunchInput = Pick<CoordinateInput, 'observer' | 'signal' | 'onDataProgress'> & {
  readonly cluster: Cluster;
  /** A line of a worker's output, or about it. */
  readonly onLine: (name: string, line: string) => void;
};

/**
 * Trains on the cluster described: this process is the coordinator, and has all workers started and
 * stopped. Ends as `coordinate` does; RUN_TOO_FEW_WORKERS, too, as soon as all workers are lost.
 */
export async function launch(input: LaunchInput): Promise<RunSummary> {
  const { cluster, onLine, signal, ...rest } = input;
  const { listen, address: dialled, tlsCa, ...coordinator } = cluster.coordinator;
  const desolate = new AbortController();
  let crew: Crew | null = null;
  let tokenIsKnown: Promise<void> = Promise.resolve();
  const start = async (place: ListeningPlace): Promise<void> => {
    const { tokenFile, certificate } = place;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const { host, port } = place.address;
    const url =
      dialled === null
        ? certifiedUrl({ host: dialledHost(host, cluster), port }, certificate)
        : webSocketUrl({ host: dialled, port }, certificate !== null);
    const join = { url, tokenFile, tlsCa };
    const onDesolate = (): void => {
      desolate.abort();
    };
    crew = new Crew({ cluster, join, token, isOver: place.isOver, onLine, onDesolate });
  };
  let isFinished = false;
  try {
    const summary = await coordinate({
      ...rest,
      ...cluster.train,
      signal: AbortSignal.any([desolate.signal, ...(signal === undefined ? [] : [signal])]),
      cluster: {
        ...coordinator,
        listen: parseSocketAddress(listen),
        expectWorkers: cluster.workers.length,
      },
      onListening: (place) => {
        tokenIsKnown = start(place);
      },
    });
    isFinished = true;
    return summary;
  } catch (cause) {
    if (!desolate.signal.aborted) throw cause;
    throw new LockstepError('RUN_TOO_FEW_WORKERS', 'All workers ended, more often than allowed.', {
      hint: 'Their last lines stand above. Go on with --resume once they can run.',
      cause,
    });
  } finally {
    await tokenIsKnown;
    await (crew as Crew | null)?.stop(isFinished);
  }
}

/** Where it listens on all addresses: loopback will do for workers that are all here. */
function dialledHost(host: string, cluster: Cluster): string {
  if (!isWildcard(host)) return host;
  return cluster.workers.every((worker) => isHere(worker.host)) ? '127.0.0.1' : hostname();
}
