import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeFolder,
  writeAtomically,
  writeJsonAtomically,
} from '../../coordinator/run-folder/atomic-file.js';
import { guarded, systemCode } from '../../coordinator/run-folder/file-errors.js';
import { acquireLock, type FolderLock } from '../../coordinator/run-folder/lock.js';
import { showValue } from '../../shared/config/faults.js';
import { LockstepError } from '../../shared/errors.js';
import type { Outcome, Outcomes } from '../../shared/study/job.js';
import type { TestScore } from '../../shared/study/results.js';

/**
 * The folder of a study.
 *
 *   study.json     what is asked for: written once, compared whenever the study is gone on with
 *   state.json     what has come out so far, after each run
 *   runs/          a run folder for each run
 *   results.json   all figures, and the choice; results.csv: the table alone
 *   lock           while a process works here
 *
 * All files are written atomically: whatever kills the process, the study goes on from there.
 */
const STUDY = 'study.json';
const STATE = 'state.json';
const RESULTS = 'results.json';
const TABLE = 'results.csv';

/** What study.json holds, whatever the kind. */
export interface Definition {
  readonly kind: 'sweep' | 'kfold' | 'scale' | 'ensemble';
}

interface State {
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Of the chosen run, once it has seen the test set. */
  readonly test: TestScore | null;
}

export class StudyFolder {
  readonly path: string;
  readonly #lock: FolderLock;
  readonly #outcomes: Map<string, Outcome>;
  #test: TestScore | null;
  /** Writes are done one after another. */
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, lock: FolderLock, state: State) {
    this.path = path;
    this.#lock = lock;
    this.#outcomes = new Map(Object.entries(state.outcomes));
    this.#test = state.test;
  }

  /**
   * Makes the folder, or takes it up again where it holds the same study.
   * @throws LockstepError CONFIG_STUDY_DIFFERS, RUN_FOLDER_LOCKED, RUN_FOLDER_NOT_WRITABLE …
   */
  static async open(
    path: string,
    definition: Definition,
    notice: (text: string) => void,
  ): Promise<StudyFolder> {
    await makeFolder(path);
    const lock = await acquireLock(join(path, 'lock'), notice);
    try {
      const stored = await readDefinition(path);
      if (stored === null) await writeJsonAtomically(join(path, STUDY), definition);
      else refuseOther(path, stored, definition);
      const state = (await readJsonOrNull(join(path, STATE))) as State | null;
      return new StudyFolder(path, lock, state ?? { outcomes: {}, test: null });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get outcomes(): Outcomes {
    return this.#outcomes;
  }

  get test(): TestScore | null {
    return this.#test;
  }

  runPath(run: string): string {
    return join(this.path, 'runs', run);
  }

  /** On the disk when it resolves. */
  record(job: string, outcome: Outcome): Promise<void> {
    this.#outcomes.set(job, outcome);
    return this.#writeState();
  }

  recordTest(test: TestScore): Promise<void> {
    this.#test = test;
    return this.#writeState();
  }

  /** Failed runs are to be tried again. */
  forgetFailures(): Promise<void> {
    for (const [job, { kind }] of this.#outcomes) {
      if (kind === 'failed') this.#outcomes.delete(job);
    }
    this.#test = null;
    return this.#writeState();
  }

  async writeResults(results: object, table: string): Promise<void> {
    await writeJsonAtomically(join(this.path, RESULTS), results);
    await writeAtomically(join(this.path, TABLE), (file) => file.writeFile(table));
  }

  async close(): Promise<void> {
    await this.#lock.release();
  }

  #writeState(): Promise<void> {
    const state: State = { outcomes: Object.fromEntries(this.#outcomes), test: this.#test };
    const write = (): Promise<void> => writeJsonAtomically(join(this.path, STATE), state);
    this.#written = this.#written.then(write, write);
    return this.#written;
  }
}

/** What a folder's study.json holds; null where there is none. */
export async function readDefinition(path: string): Promise<Definition | null> {
  return (await readJsonOrNull(join(path, STUDY))) as Definition | null;
}

/** What a folder's results.json holds; null while the study is not done. */
export function readResults(path: string): Promise<unknown> {
  return readJsonOrNull(join(path, RESULTS));
}

async function readJsonOrNull(file: string): Promise<unknown> {
  return guarded(file, async () => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as unknown;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
      throw error;
    }
  });
}

function refuseOther(path: string, stored: Definition, wanted: Definition): void {
  const changed = differingKeys(stored, wanted, '');
  if (changed.length === 0) return;
  throw new LockstepError(
    'CONFIG_STUDY_DIFFERS',
    `${path} holds another study; it differs in:\n${changed.map((line) => `  ${line}`).join('\n')}`,
    {
      hint: 'Give the same study to go on with it, or another folder with --out.',
      where: { path },
    },
  );
}

/** Each place in which two JSON values differ, in words. */
function differingKeys(stored: unknown, wanted: unknown, path: string): string[] {
  if (isRecord(stored) && isRecord(wanted)) {
    const keys = new Set([...Object.keys(stored), ...Object.keys(wanted)]);
    return [...keys].flatMap((key) =>
      differingKeys(stored[key], wanted[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (JSON.stringify(stored) === JSON.stringify(wanted)) return [];
  return [`${path}: the folder has ${shown(stored)}, got ${shown(wanted)}`];
}

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : showValue(value);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
