/**
 * Every error that Lockstep raises on purpose: a stable code, what was got, what was expected,
 * and what to do about it. `docs/errors.md` tables the codes; a test holds the two together.
 */
export const ERROR_CODES = {
  LOCKSTEP_INTERNAL: 'A promise that the code makes to itself was broken: a bug in Lockstep.',

  MODEL_EMPTY: 'A model has no layers.',
  MODEL_LAYER_OUTPUTS: 'A layer of a model has more than one output.',
  MODEL_INITIALIZER: 'The initializer of a weight cannot be drawn from a seed.',
  MODEL_UNKNOWN: 'There is no built-in model of that name, and no such file.',
  MODEL_MODULE_FAILED: 'The module of a model failed to load, or to build the model.',
  MODEL_MODULE_EXPORT: 'What a module exports is no LayersModel.',
  MODEL_SAVED_INVALID: 'A saved model cannot be loaded.',
  MODEL_PRETRAINED_INVALID: 'A file of pretrained weights cannot be read.',
  MODEL_PRETRAINED_MISFIT: 'Pretrained weights are not those of the model.',
  MODEL_MISFIT: 'The input or output of a model does not fit the data set.',
  MODEL_UNSUPPORTED: 'A model has something that training would leave out, or nothing to train.',

  EPOCH_PLAN_ARGUMENT: 'A seed, an epoch, a count or a batch size is not an integer in its range.',

  DATA_NOT_FOUND: 'No data set was found, or a folder lacks some of its files.',
  DATA_FILE_UNREADABLE: 'A file of a data set cannot be read.',
  DATA_GZIP_INVALID: 'A gzip file of a data set is cut short or damaged.',
  DATA_IDX_INVALID: 'An IDX file is cut short, damaged, or of another kind than expected.',
  DATA_CSV_INVALID: 'A CSV file of images holds a line that is not a label and its pixels.',
  DATA_SHAPE_INVALID: 'The sizes given for images are wrong, missing, or do not fit the file.',
  DATA_CLASSES_INVALID: 'A file of class names is not a list of distinct names.',
  DATA_SETS_MISMATCH: 'Images and labels, or training and test set, do not belong together.',
  DATA_LABEL_RANGE: 'A label is not below the number of classes.',
  DATA_SPLIT_TOO_LARGE: 'A validation set would take all of the training set.',
  DATA_CHECKSUM: 'A file of the published data set does not hold the published bytes.',
  DATA_FETCH_FAILED: 'A data set could not be fetched from any of its sources.',
  DATA_TOO_LARGE: 'A data set does not fit the memory that one process may share.',
  DATA_NOT_IN_MEMORY: 'What was asked for needs all images in memory, and dataMemory bounds them.',
  DATA_OUTPUT_EXISTS: 'A file or folder that would be written exists already.',
  DATA_OUTPUT_FAILED: 'A file of a data set cannot be written.',
  DATA_TABLE_INVALID: 'A table of photographs has a line, or lacks a column, that it should not.',
  DATA_FOLDERS_INVALID: 'Folders of photographs do not say which are classes, or one is met twice.',
  DATA_IMAGE_INVALID: 'Photographs are empty, broken, or of a kind that is not taken.',
  DATA_IMAGE_SIZES: 'Photographs of one data set have different sizes.',
  DATA_DECODER_MISSING: 'What decodes photographs does not load on this machine.',

  ENGINE_LAYER_UNSUPPORTED: 'The engine does not cover a layer of the model, or an option of it.',
  ENGINE_MODEL_MISFIT: 'The input or output of the model does not fit the data set.',
  ENGINE_BATCH_NORM_SINGLE: 'A batch norm would get a single value per channel.',
  ENGINE_MODEL_REFUSED: 'The engine asked for does not take the model.',
  ENGINE_UNKNOWN: 'There is no engine of that name.',
  ENGINE_UNAVAILABLE: 'The engine asked for cannot run here.',
  ENGINE_GPUS: 'The GPUs asked for cannot be used here, or not any more in this process.',
  ENGINE_TRACE_REFUSED: 'A function cannot be compiled to a TensorFlow graph.',
  COMPILED_ARGUMENT: 'A function was compiled for, or called with, arguments that do not fit.',
  ENGINE_INSTALL_PLATFORM: 'An engine is not made for this system or processor.',
  ENGINE_INSTALL_DRIVER: 'The driver for the GPUs is missing, does not work, or is too old.',
  ENGINE_INSTALL_TOOL_MISSING: 'Installing an engine needs programs that are not here.',
  ENGINE_INSTALL_DOWNLOAD: 'A part of an engine could not be fetched.',
  ENGINE_INSTALL_SOURCE: 'A folder or file does not hold the parts of an engine that it should.',
  ENGINE_INSTALL_DISK: 'The folder for engines is full, or cannot be written.',
  ENGINE_INSTALL_COMPILE: 'The binding of an engine could not be compiled.',
  ENGINE_INSTALL_SELF_TEST: 'An engine was installed and does not compute.',

  USAGE_INVALID: 'The command line has an unknown command or flag, or lacks an argument.',
  CONFIG_INVALID: 'The configuration breaks its schema or one of its rules; every fault is listed.',
  CONFIG_FILE_UNREADABLE: 'The configuration file cannot be read.',
  CONFIG_FILE_NOT_JSON: 'The configuration file is not a JSON object.',
  CONFIG_RESUME_DIFFERS: 'A resumed run was asked for something that its folder fixes otherwise.',

  CONFIG_STUDY_DIFFERS: 'The folder of a study holds another one than was asked for.',

  STUDY_NOT_FOUND: 'The folder is missing, or holds no study that is done.',
  STUDY_RUN_DIED: 'The process of a run of a study died, again and again.',
  STUDY_RUNS_FAILED: 'Some runs of a study failed; the figures of the others are there.',
  ENSEMBLE_MISFIT: 'The members of an ensemble do not belong together.',

  RUN_INTERRUPTED: 'The run was interrupted; the message says what there is to go on from.',
  RUN_IDENTITY_DIFFERS: 'What decides the bits of a run is not what it was when the run began.',
  CHECKPOINT_STATE_LOST: 'A copy of the state that was to be written is not there any more.',
  RUN_OBJECTS_MISSING: 'A run that was given a model or arrays as objects needs them again.',
  RUN_WITHOUT_VALIDATION: 'The run has put no samples aside to validate on.',
  RUN_WITHOUT_BEST: 'The run keeps no best weights, or has none yet.',
  RUN_WITHOUT_CHECKPOINT: 'The run has no checkpoint yet, so there are no weights to use.',
  IMAGE_NOT_FOUND: 'A set or file has no image of that index.',
  IMAGE_MISFIT: 'Images of a file are not of the size that the model takes.',
  REPORT_OUTPUT_EXISTS: 'The file that a report would be written to is not a report.',
  REPORT_OUTPUT_FAILED: 'A report cannot be written.',
  RUN_FOLDER_TAKEN: 'The folder for a new run holds something already.',
  RUN_FOLDER_NOT_A_RUN: 'The folder is missing, or holds no run.',
  RUN_FOLDER_LOCKED: 'Another process works in the run folder.',
  RUN_FOLDER_NOT_WRITABLE: 'The run folder cannot be written.',
  RUN_FOLDER_DISK_FULL: 'The disk of the run folder is full, or its quota used up.',
  RUN_FOLDER_IO: 'Reading or writing in the run folder failed.',
  RUN_METRICS_CORRUPT: 'A line of metrics.jsonl other than the last is not what Lockstep writes.',
  CHECKPOINT_CORRUPT: 'A checkpoint is not whole, or not one of this version.',
  KERNELS_MISSING: 'The file of WebAssembly kernels cannot be read.',
  KERNELS_CHANGED: 'The file of WebAssembly kernels is not the one that the program was built for.',
  KERNELS_UNSUPPORTED: 'This WebAssembly engine cannot run the training kernels.',

  PROTOCOL_OLD_TERM: 'A coordinator spoke whose term is over: another one has taken its place.',
  PROTOCOL_OTHER_RUN: 'A worker of another run asked to join.',
  PROTOCOL_ENGINES:
    'Two workers of a run would compute with different engines, or on other hardware.',
  PROTOCOL_IDENTITY: 'A worker would not compute the same bits: part of its identity differs.',
  PROTOCOL_REMOVED: 'A worker that was removed from the run is still there.',
  PROTOCOL_DIVERGED: 'Two workers hold different bits under the same name.',
  PROTOCOL_PROOF: 'The samples of a step did not count exactly once.',
  PROTOCOL_RECORDS_LOST: 'Metrics of some steps are neither in the folder nor with any worker.',
  STEP_NOT_FINITE: 'A loss or a gradient is not finite; no weight was changed by it.',
  WORKER_SILENT: 'A worker was not heard of for too long, and was removed.',
  WORKER_LOST: 'The connection to a worker was closed; it was removed from the run.',
  WORKER_STALLED: 'The compute threads of a worker did not get on for too long.',
  COORDINATOR_LOST: 'The coordinator was not heard of for too long.',
  RUN_TOO_FEW_WORKERS: 'There were fewer workers than the run needs, for longer than it waits.',
  RUN_NOT_REPEATABLE:
    'The only workers that had taken some steps are gone, and others would come to other bits.',
  RUN_STUCK: 'All workers answer, and yet the run did not get on for too long.',
  WIRE_INVALID: 'A frame that came over a socket is not one of this protocol.',
  JOIN_REFUSED: 'A worker or peer was not let in: wrong token, version or run.',
  JOIN_UNTRUSTED: 'The certificate at the address to join is not trusted, or holds another name.',
  TLS_INVALID: 'A file with a TLS certificate, key or authority cannot be used.',
  JOIN_FAILED: 'The address to join does not answer, or answers as something else.',
  LISTEN_FAILED: 'The address to listen on cannot be had.',
  TOKEN_INVALID: 'The file of the token cannot be read, or holds no usable token.',
  LINK_CLOSED: 'A message was given to a link that is closed.',
  LINK_FULL: 'The other end of a link does not take its messages.',
  DATA_ARRAYS_INVALID: "A program's own arrays do not make a data set.",
  ARENA_TOO_LARGE: 'The run needs more than the 4 GiB that the shared memory of a worker can hold.',
  ARENA_UNAVAILABLE: 'The operating system did not give the shared memory that the run needs.',
  THREAD_FAULT: 'A compute thread threw, died, refused to compute or stood still.',
  TRAINER_STATE_MISMATCH: 'A captured state does not fit the model and optimizer.',
  FLOAT_ENVIRONMENT: 'The arithmetic of a compute thread is not that of IEEE 754.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What the user can do about it, in the imperative. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Where it arose: step, phase, worker, thread, file … whatever names the culprit. */
  readonly where?: Readonly<Record<string, string | number>>;
}

export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'LockstepError';
    this.code = code;
    this.hint = details.hint;
    this.where = Object.freeze({ ...details.where });
  }
}

/** For states that the code itself excludes. */
export function assertInternal(condition: boolean, message: string): asserts condition {
  if (!condition) throw new LockstepError('LOCKSTEP_INTERNAL', message);
}
