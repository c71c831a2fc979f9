/**
 * Finds the data set, reads it, checks it. The order of the sources:
 *
 *   --data FOLDER                            the user's own; nothing else is tried
 *   <cache>/fashion-mnist                    fetched by an earlier run
 *   /usr/share/datasets/fashion-mnist        Debian's package dataset-fashion-mnist
 *   fetched into <cache>/fashion-mnist       from the publisher, or else through apt
 */
import type { DataListener } from '../../shared/data/data-progress.js';
import type { DataSet, StoredDataSet } from '../../shared/data/data-set.js';
import type { ImageShape } from '../../shared/data/image-set.js';
import { LockstepError } from '../../shared/errors.js';
import { cacheFolder } from '../../shared/cache-folder.js';
import { readDataFolder, type ReadDataFolderOptions } from './read-data-folder.js';
import { fashionMnistSources, isPresent, nothingFound, type TriedSource } from './sources.js';
import { storeDataFolder } from './store-data-folder.js';

export interface LoadDatasetOptions extends DataListener {
  /** A folder with the user's own image set (IDX or CSV files). */
  readonly data?: string | undefined;
  /** Sizes of the images of a CSV file, where they cannot be told from the number of columns. */
  readonly shape?: ImageShape | undefined;
  /** Instead of $LOCKSTEP_CACHE, $XDG_CACHE_HOME/lockstep or ~/.cache/lockstep. */
  readonly cache?: string | undefined;
  /** Whether the network may be used where no source on this machine holds the data set. */
  readonly fetch?: boolean | undefined;
}

/**
 * @throws LockstepError DATA_*: one that names file, place and remedy where a source is faulty;
 *   one that lists every source tried, with its reason, where there is no data set at all.
 */
export function loadDataset(options: LoadDatasetOptions = {}): Promise<DataSet> {
  return loadBy(readDataFolder, options);
}

/** As `loadDataset`, with the pixels left in a file of the cache. */
export function storeDataset(options: LoadDatasetOptions = {}): Promise<StoredDataSet> {
  return loadBy(storeDataFolder, options);
}

/** `read`: what becomes of the folder that is found. */
async function loadBy<Result>(
  read: (options: ReadDataFolderOptions) => Result,
  options: LoadDatasetOptions,
): Promise<Result> {
  const cache = options.cache ?? cacheFolder(process.env);
  if (options.data !== undefined) {
    const { data: folder, shape } = options;
    return read({ ...options, folder, source: folder, cache, shape });
  }
  const tried: TriedSource[] = [];
  for (const { folder, source } of fashionMnistSources(cache)) {
    if (!isPresent(folder)) {
      tried.push({ source, reason: 'not there' });
      continue;
    }
    try {
      return read({ ...options, folder, source, cache, published: true });
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      options.onNotice?.(`${source} is passed over: ${error.message}`);
      tried.push({ source, reason: error.message });
    }
  }
  if (options.fetch === false) throw nothingFound(tried, cache);
  // Most starts need no network: its modules are loaded by those that do.
  const { fetchFashionMnist } = await import('./fetch/fetch-fashion-mnist.js');
  const fetched = await fetchFashionMnist({ ...options, cache, tried });
  return read({ ...options, ...fetched, cache, published: true });
}
