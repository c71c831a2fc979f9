import { basename, resolve as absolutePath } from 'node:path';
import { configError, type ConfigFault, type NameOfKey } from './faults.js';
import { defaultMicroBatch } from './granularity.js';
import { parseKeys } from './parse.js';
import { CONFIG_RULES, isModelFile } from './rules.js';
import {
  ARRAY_DATA,
  CONFIG_KEYS,
  configSchema,
  infoOf,
  type ConfigInput,
  type ConfigKey,
  type ResolvedConfig,
} from './schema.js';

/** What defaults depend on besides the configuration; handed in, so that resolving is pure. */
export interface ConfigEnvironment {
  /** `os.availableParallelism()`. */
  readonly processors: number;
  /** Names the default run folder. */
  readonly now: Date;
  /** Absolute; relative paths count from here. */
  readonly cwd: string;
}

/**
 * Makes a complete, frozen configuration of what a user wrote.
 *
 * @param nameOf what to call a key in an error: `--micro-batch` where a flag gave it.
 * @throws LockstepError CONFIG_INVALID with every fault: path, what was expected, what was got.
 */
export function resolveConfig(
  input: unknown,
  environment: ConfigEnvironment,
  nameOf: NameOfKey = (key) => key,
): ResolvedConfig {
  const { values, faults, faulty } = parseKeys(input, nameOf);
  const config = fillIn(values, environment);
  const broken = brokenRules(config, faulty, nameOf);
  if (faults.length + broken.length > 0) throw configError([...faults, ...broken]);
  return Object.freeze(config);
}

function brokenRules(
  config: ResolvedConfig,
  faulty: ReadonlySet<ConfigKey>,
  nameOf: NameOfKey,
): ConfigFault[] {
  return CONFIG_RULES.filter((rule) => !rule.keys.some((key) => faulty.has(key))).flatMap(
    (rule) => {
      const message = rule.broken(config);
      return message === null ? [] : [{ path: nameOf(rule.keys[0]), message }];
    },
  );
}

/** Adds the defaults, fixed and derived. */
function fillIn(values: ConfigInput, environment: ConfigEnvironment): ResolvedConfig {
  const parsed = configSchema.parse(values);
  const endsBySteps = values.epochs === undefined && typeof values.steps === 'number';
  const complete = {
    ...parsed,
    epochs: endsBySteps ? null : parsed.epochs,
    microBatch: parsed.microBatch ?? defaultMicroBatch(parsed.batchSize),
    threads: parsed.threads ?? Math.max(1, Math.min(256, environment.processors)),
    out: parsed.out ?? `runs/${timestamp(environment.now)}-${shortModelName(parsed.model)}`,
  };
  return absolutePaths(complete, environment.cwd);
}

/** Paths are stored absolute: a run may be resumed from another folder. */
export function absolutePaths<T extends ConfigInput>(values: T, base: string): T {
  const result: Record<string, unknown> = { ...values };
  for (const key of CONFIG_KEYS) {
    const value = result[key];
    if (infoOf(key).isPath !== true || typeof value !== 'string' || value === '') continue;
    if (key === 'model' && !isModelFile(value)) continue;
    if (value === ARRAY_DATA) continue;
    result[key] = absolutePath(base, value);
  }
  return result as T;
}

/** `20261121-101011`, in local time. */
function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${String(now.getFullYear())}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

/** What a run folder and a display call the model: a module's path without folder and ending. */
export function shortModelName(model: string): string {
  const name = isModelFile(model) ? basename(model).replace(/\.[cm]?[jt]s$/, '') : model;
  return name.replace(/[^\w.-]+/g, '') || 'model';
}
