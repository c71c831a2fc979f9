import { dirname, resolve } from 'node:path';
import { readJson } from '../../shared/config/read-json.js';
import { absolutePaths } from '../../shared/config/resolve.js';
import type { ConfigInput } from '../../shared/config/schema.js';
import { LockstepError } from '../../shared/errors.js';
import type { Scalar, StudyInput } from '../../shared/study/study-schema.js';

/**
 * Reads a study file; its relative paths count from its folder. What it says is checked by `sweep`.
 * @throws LockstepError CONFIG_FILE_UNREADABLE, CONFIG_FILE_NOT_JSON
 */
export async function readStudy(file: string, cwd: string): Promise<StudyInput> {
  const path = resolve(cwd, file);
  const study = (await readObject(path, 'a study')) as Record<string, unknown>;
  const folder = dirname(path);
  const { recipe, train, space, variants } = study;
  const placed: Record<string, unknown> = { ...study };
  delete placed['$schema'];
  if (typeof recipe === 'string') placed['recipe'] = resolve(folder, recipe);
  if (isRecord(train)) placed['train'] = absolutePaths(train as ConfigInput, folder);
  if (isRecord(space) && Array.isArray(space['model'])) {
    const model = (space['model'] as Scalar[]).map((name) =>
      typeof name === 'string' ? absolutePaths({ model: name }, folder).model : name,
    );
    placed['space'] = { ...space, model };
  }
  if (isRecord(variants)) {
    const all = Object.entries(variants).map(([name, keys]) => [
      name,
      isRecord(keys) ? absolutePaths(keys as ConfigInput, folder) : keys,
    ]);
    placed['variants'] = Object.fromEntries(all) as unknown;
  }
  return placed as StudyInput;
}

/** A configuration file as `train` reads it. */
export async function readRecipe(path: string): Promise<object> {
  const value = await readObject(path, 'a configuration');
  const entries = Object.entries(value).filter(([key]) => key !== '$schema');
  return absolutePaths(Object.fromEntries(entries), dirname(path));
}

async function readObject(path: string, what: string): Promise<object> {
  const notJson = (reason: string, cause?: unknown): LockstepError =>
    new LockstepError('CONFIG_FILE_NOT_JSON', `${path} is not ${what}: ${reason}.`, {
      hint: `Write ${what} as one JSON object; docs/studies.md shows some.`,
      cause,
    });
  const value = await readJson(path, `Name a JSON file with ${what}.`, notJson);
  if (!isRecord(value)) throw notJson('it is not an object of keys and values');
  return value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
