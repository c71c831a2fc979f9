import { layoutOf, type DataSetSizes } from '../shared/data/data-set-layout.js';
import type { DataSet, RunData, StoredDataSet } from '../shared/data/data-set.js';
import type { TrainingConfig } from '../shared/config/schema.js';
import { isStored } from '../shared/data/stored-set.js';
import { LockstepError } from '../shared/errors.js';
import { formatBytes, formatCount } from '../shared/format.js';
import type { Blob } from '../coordinator/cluster/blobs.js';
import { FileBlob } from '../coordinator/cluster/file-blob.js';
import type { ReadAheadReport } from '../worker/samples/read-ahead.js';
import { changesTraining } from './split-data.js';

/** The bytes of a data set, as `data-set-layout.ts` has them: what workers are sent. Throws DATA_FILE_UNREADABLE. */
export function bytesOfDataSet({ train, test }: DataSet | StoredDataSet): Blob {
  const sizes = { shape: train.shape, trainCount: train.count, testCount: test.count };
  const { byteLength } = layoutOf(sizes);
  if (isStored(train)) return new FileBlob(train.stored, byteLength);
  const memory = train.pixels.buffer as ArrayBufferLike;
  const isOne =
    memory instanceof SharedArrayBuffer &&
    memory.byteLength === byteLength &&
    test.labels.buffer === memory;
  if (isOne) return new Uint8Array(memory);
  throw new LockstepError('DATA_SETS_MISMATCH', 'Arrays of a program cannot be sent to workers.', {
    hint: 'Write them to a folder (lockstep data convert), and name that.',
  });
}

/** How many bytes of images a run has in memory that holds its data set there. */
export function bytesInMemory(
  { train, test }: DataSet | StoredDataSet,
  config: TrainingConfig,
): number {
  return bytesNeeded(
    { shape: train.shape, trainCount: train.count, testCount: test.count },
    config,
  );
}

/** The same for a data set of these sizes. */
export function bytesNeeded(sizes: DataSetSizes, config: TrainingConfig): number {
  const { byteLength, trainLabels } = layoutOf(sizes);
  return byteLength + (changesTraining(config) ? trainLabels : 0);
}

/** Says where the images of a run are, if not in memory. */
export function tellStored(
  { train }: RunData,
  dataMemory: number | null,
  notice: (text: string) => void,
): void {
  if (!isStored(train) || dataMemory === null) return;
  notice(
    `Images stay in ${train.stored.file}; at most ${formatBytes(dataMemory)} of them are in memory.`,
  );
}

/** Says how images were read. */
export function tellReadAhead(
  report: ReadAheadReport | null,
  notice: (text: string) => void,
): void {
  if (report === null) return;
  const { bytes, ahead, late } = report;
  notice(
    `Images read from the disk, with ${formatCount(bytes)} bytes of memory: of ${formatCount(ahead + late)} micro-batches ${formatCount(ahead)} ahead of their time.`,
  );
}
