import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import type { RunSummary } from '../../shared/run-events.js';
import {
  makeFolder,
  syncFolder,
  TEMPORARY_SUFFIX,
  writeJsonAtomically,
  type FaultPoint,
} from './atomic-file.js';
import { CheckpointStore } from './checkpoint-store.js';
import { fileError, guarded, systemCode } from './file-errors.js';
import { acquireLock, type FolderLock } from './lock.js';
import { MetricsLog } from './metrics-log.js';

/**
 * The folder of one run.
 *
 *   config.json     complete, resolved
 *   metrics.jsonl   a line a step and an epoch
 *   checkpoints/    step-<8 digits>.ckpt
 *   model/          model.json and weights for TensorFlow.js
 *   summary.json    written last: where it stands, the run is done
 *   term            how often a coordinator has taken the run up
 *   lock            while a process works here
 */
const LOCK = 'lock';
const TERM = 'term';
const CONFIG = 'config.json';
const SUMMARY = 'summary.json';
export const METRICS = 'metrics.jsonl';
const CHECKPOINTS = 'checkpoints';

export interface RunFolderOptions {
  /** Told of things worth a line, such as a dead process's lock. */
  readonly notice: (text: string) => void;
  readonly faultPoint?: FaultPoint;
}

export class RunFolder {
  readonly path: string;
  /** As config.json has it. */
  readonly config: ResolvedConfig;
  readonly checkpoints: CheckpointStore;
  readonly #lock: FolderLock;

  private constructor(
    path: string,
    config: ResolvedConfig,
    lock: FolderLock,
    faultPoint: FaultPoint | undefined,
  ) {
    this.path = path;
    this.config = config;
    this.#lock = lock;
    const folder = join(path, CHECKPOINTS);
    this.checkpoints = new CheckpointStore(folder, config.keepCheckpoints, faultPoint);
  }

  /** Where the trained model is to be written. */
  get modelPath(): string {
    return join(this.path, 'model');
  }

  /**
   * Makes the folder `config.out`, takes its lock and writes config.json.
   *
   * @param mayRename whether a taken name may get `-2`, `-3` … added: for names that the user did
   *   not choose.
   * @throws LockstepError RUN_FOLDER_TAKEN, RUN_FOLDER_LOCKED, RUN_FOLDER_NOT_WRITABLE …
   */
  static async create(
    config: ResolvedConfig,
    mayRename: boolean,
    options: RunFolderOptions,
  ): Promise<RunFolder> {
    for (let attempt = 1; ; attempt++) {
      const path = attempt === 1 ? config.out : `${config.out}-${String(attempt)}`;
      try {
        return await RunFolder.#createAt(path, { ...config, out: path }, options);
      } catch (error) {
        const taken =
          error instanceof LockstepError &&
          (error.code === 'RUN_FOLDER_TAKEN' || error.code === 'RUN_FOLDER_LOCKED');
        if (!mayRename || !taken) throw error;
      }
    }
  }

  static async #createAt(
    path: string,
    config: ResolvedConfig,
    options: RunFolderOptions,
  ): Promise<RunFolder> {
    await makeFolder(path);
    await refuseTaken(path);
    const lock = await acquireLock(join(path, LOCK), options.notice);
    try {
      // Once more: the last holder may have begun and left a run in between.
      await refuseTaken(path);
      const folder = await RunFolder.#start(path, config, lock, options);
      await folder.keepConfig();
      return folder;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Takes the lock of a run that exists. Its config.json stands until `keepConfig`.
   * @param config from `resolveResume`.
   */
  static async reopen(config: ResolvedConfig, options: RunFolderOptions): Promise<RunFolder> {
    const path = config.out;
    await readRunConfig(path);
    const lock = await acquireLock(join(path, LOCK), options.notice);
    try {
      return await RunFolder.#start(path, config, lock, options);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  static async #start(
    path: string,
    config: ResolvedConfig,
    lock: FolderLock,
    options: RunFolderOptions,
  ): Promise<RunFolder> {
    const folder = new RunFolder(path, Object.freeze(config), lock, options.faultPoint);
    await folder.checkpoints.prepare();
    return folder;
  }

  /**
   * Writes config.json: at once in a new folder; in one that is gone on with, when it is settled
   * that this configuration can.
   */
  async keepConfig(): Promise<void> {
    // `resume` belongs to one command: a copy of the file describes the run from its beginning.
    await writeJsonAtomically(join(this.path, CONFIG), { ...this.config, resume: null });
    await syncParent(this.path);
  }

  /** The last term that a coordinator of this run has claimed; 0 before the first. */
  async readTerm(): Promise<number> {
    const file = join(this.path, TERM);
    const text = await guarded(file, () => readOrNull(file));
    if (text === null) return 0;
    const term: unknown = JSON.parse(text);
    return typeof term === 'number' ? term : 0;
  }

  /** On the disk when it resolves: a coordinator speaks in its term only after that. */
  async writeTerm(term: number): Promise<void> {
    await writeJsonAtomically(join(this.path, TERM), term);
  }

  /** Opens metrics.jsonl, cut back to the state of `lastStep` steps. */
  openMetrics(lastStep: number): Promise<MetricsLog> {
    return MetricsLog.open(join(this.path, METRICS), lastStep);
  }

  async writeSummary(summary: RunSummary): Promise<void> {
    await writeJsonAtomically(join(this.path, SUMMARY), summary);
  }

  /** Before training goes on past what an earlier summary says. */
  async discardSummary(): Promise<void> {
    const file = join(this.path, SUMMARY);
    await guarded(file, () => rm(file, { force: true }));
  }

  /** Gives the lock back; the folder may be opened again after it. */
  async close(): Promise<void> {
    await this.#lock.release();
  }
}

/** A parent that may be entered but not read cannot be synced, and need not be ours. */
async function syncParent(path: string): Promise<void> {
  try {
    await syncFolder(dirname(path));
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw await fileError(error, path);
  }
}

/** What a crash before config.json may leave; a folder with nothing else counts as empty. */
const REMAINS = new Set([LOCK, `${LOCK}.takeover`, CONFIG + TEMPORARY_SUFFIX, CHECKPOINTS]);

async function refuseTaken(path: string): Promise<void> {
  const names = await guarded(path, () => readdir(path));
  const saved = names.includes(CHECKPOINTS)
    ? await new CheckpointStore(join(path, CHECKPOINTS), 1).steps()
    : [];
  const foreign = names.filter(
    (name) => !REMAINS.has(name) || (name === CHECKPOINTS && saved.length > 0),
  );
  if (foreign.length === 0) return;
  const isRun = foreign.includes(CONFIG);
  throw new LockstepError(
    'RUN_FOLDER_TAKEN',
    isRun
      ? `${path} holds a run already.`
      : `${path} is not empty: it holds ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ' …' : ''}.`,
    {
      hint: isRun
        ? `Go on with it by --resume ${path}, or choose another folder with --out.`
        : 'Choose a new or an empty folder with --out.',
      where: { path },
    },
  );
}

/**
 * The content of a run's config.json, not yet checked.
 * @throws LockstepError RUN_FOLDER_NOT_A_RUN where the folder or its config.json is missing, or
 *   is not JSON.
 */
export async function readRunConfig(path: string): Promise<unknown> {
  const file = join(path, CONFIG);
  const text = await guarded(file, () => readOrNull(file));
  if (text === null) {
    const missing = existsSync(path) ? `${path} holds no ${CONFIG}.` : `There is no ${path}.`;
    throw notARun(path, missing);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notARun(path, `${file} is not JSON.`, error);
  }
}

/** The content of a run's summary.json, or null while it is not done. */
export async function readRunSummary(path: string): Promise<RunSummary | null> {
  const file = join(path, SUMMARY);
  const text = await guarded(file, () => readOrNull(file));
  return text === null ? null : (JSON.parse(text) as RunSummary);
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function notARun(path: string, message: string, cause?: unknown): LockstepError {
  return new LockstepError('RUN_FOLDER_NOT_A_RUN', message, {
    hint: 'Name the folder of a run, such as runs/<timestamp>-<model>; lockstep train prints it.',
    where: { path },
    cause,
  });
}
