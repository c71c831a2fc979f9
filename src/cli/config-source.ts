import { dirname, resolve } from 'node:path';
import type { Options } from 'yargs';
import type { NameOfKey } from '../shared/config/faults.js';
import { FLAGS, flagOf, type FlagSpec } from '../shared/config/flags.js';
import { readJson } from '../shared/config/read-json.js';
import { absolutePaths } from '../shared/config/resolve.js';
import { overlay } from '../shared/config/schedule.js';
import type { ConfigInput, ConfigKey } from '../shared/config/schema.js';
import { LockstepError } from '../shared/errors.js';

/**
 * The flags of a configuration as yargs takes them. Numbers come as text (see `parse-numbers` in run-cli.ts), so that what is no
 * number reaches the schema as the user wrote it; nothing has a default here, so that a flag not
 * given is told from one given.
 */
export function configOptions(keys?: readonly ConfigKey[]): Record<string, Options> {
  const specs = keys === undefined ? FLAGS : FLAGS.filter(({ key }) => keys.includes(key));
  return Object.fromEntries(specs.map((spec) => [spec.flag, yargsOption(spec)]));
}

function yargsOption(spec: FlagSpec): Options {
  const choices = spec.choices === null ? '' : ` (${spec.choices.join(', ')})`;
  const description = `${spec.help}${choices}`;
  if (spec.kind === 'switch') return { type: 'boolean', group: spec.group, description };
  return {
    nargs: 1,
    group: spec.group,
    description,
    defaultDescription: spec.defaultText,
  };
}

/** The keys that flags gave, under their names in a configuration. */
export function flagInput(argv: Readonly<Record<string, unknown>>): ConfigInput {
  const given = FLAGS.flatMap((spec) => {
    const value = lastOf(argv[spec.flag]);
    if (value === undefined) return [];
    return [[spec.key, spec.kind === 'number' ? numberOrText(value) : value] as const];
  });
  return Object.fromEntries(given) as ConfigInput;
}

/** A flag given again wins over itself, so that a script's flags can be added to. */
export const lastOf = (value: unknown): unknown =>
  Array.isArray(value) ? (value as unknown[]).at(-1) : value;

/** Decimal notation only: Number() alone would take '', '0x10' and ' 1 '. */
export function numberOrText(value: unknown): unknown {
  const isNumber = typeof value === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value);
  return isNumber ? Number(value) : value;
}

/** File and flags as one input, and what to call each key in an error. */
export async function readSources(
  file: string | undefined,
  flags: ConfigInput,
  cwd: string,
): Promise<{ input: object; nameOf: NameOfKey }> {
  const fromFile = file === undefined ? {} : await readConfigFile(resolve(cwd, file));
  const nameOf: NameOfKey = (key) => {
    if (Object.hasOwn(flags, key)) return `--${flagOf(key)}`;
    return file !== undefined && Object.hasOwn(fromFile, key) ? `${key} in ${file}` : key;
  };
  return { input: overlay(fromFile, absolutePaths(flags, cwd)), nameOf };
}

async function readConfigFile(path: string): Promise<object> {
  const value = await readJson(
    path,
    'Name a JSON file of configuration keys; flags alone need no file.',
    (reason) => notJson(path, reason),
  );
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notJson(path, 'it is not an object of keys and values');
  }
  const entries = Object.entries(value).filter(([key]) => key !== '$schema');
  return absolutePaths(Object.fromEntries(entries), dirname(path));
}

function notJson(path: string, reason: string): LockstepError {
  return new LockstepError('CONFIG_FILE_NOT_JSON', `${path} is not a configuration: ${reason}.`, {
    hint: 'Write one JSON object, such as { "model": "lenet5", "epochs": 10 }.',
  });
}
