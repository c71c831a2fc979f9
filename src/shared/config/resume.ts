import { ENDING_SCHEDULES } from './learning-rate.js';
import { LockstepError } from '../errors.js';
import { configError, showValue, type NameOfKey } from './faults.js';
import { parseKeys } from './parse.js';
import { absolutePaths, resolveConfig, type ConfigEnvironment } from './resolve.js';
import { overlay } from './schedule.js';
import { TRAINING_KEYS, type ConfigInput, type ConfigKey, type ResolvedConfig } from './schema.js';

export interface ConfigDifference {
  readonly key: ConfigKey;
  readonly stored: unknown;
  readonly given: unknown;
}

/** The keys, among those that decide bits, in which two configurations differ. */
export function differences(stored: ConfigInput, given: ConfigInput): ConfigDifference[] {
  return TRAINING_KEYS.filter((key) => !Object.is(stored[key], given[key])).map((key) => ({
    key,
    stored: stored[key],
    given: given[key],
  }));
}

/** What says where the run ends: these may be moved later. */
export const ENDS: readonly ('epochs' | 'steps' | 'earlyStoppingPatience')[] = [
  'epochs',
  'steps',
  'earlyStoppingPatience',
];

/** These belong to one command, not to a run, and are never taken from its folder. */
const NOT_KEPT = ['quiet', 'json', 'dryRun', 'resume', 'out', 'trace'] as const;

/**
 * The configuration of a resumed run: its folder's, with what `given` changes of who computes, and
 * a later end. `pretrained` may have moved: the run's identity knows the weights themselves.
 * `given.out` must be left out or name the folder itself.
 *
 * @param stored what the folder's config.json holds, parsed from JSON.
 * @param folder absolute path of the run folder, wherever it was when the run began.
 * @throws LockstepError CONFIG_INVALID where `given` or `stored` is malformed,
 *   CONFIG_RESUME_DIFFERS naming every key that may not change, with both values.
 */
export function resolveResume(
  stored: unknown,
  given: ConfigInput,
  folder: string,
  environment: ConfigEnvironment,
  nameOf: NameOfKey = (key) => key,
): ResolvedConfig {
  const base = resolveConfig(stored, environment, (key) => `${key} in ${folder}/config.json`);
  const { values, faults } = parseKeys(given, nameOf);
  if (faults.length > 0) throw configError(faults);
  const wanted = absolutePaths(values, environment.cwd);
  const refused = refusals(base, wanted, folder, nameOf);
  if (refused.length > 0) throw resumeError(refused, folder);

  const kept: Record<string, unknown> = { ...base };
  for (const key of NOT_KEPT) Reflect.deleteProperty(kept, key);
  const changes = { ...wanted, resume: folder, out: folder };
  if (wanted.engine === 'auto') Reflect.deleteProperty(changes, 'engine');
  return resolveConfig(overlay(kept, changes), environment, nameOf);
}

function refusals(
  stored: ResolvedConfig,
  given: ConfigInput,
  folder: string,
  nameOf: NameOfKey,
): string[] {
  const changed = differences(stored, { ...stored, ...given })
    .filter(({ key, given: value }) => !(key === 'engine' && value === 'auto'))
    .filter(({ key }) => !(ENDS as readonly ConfigKey[]).includes(key) && key !== 'pretrained')
    .map((fault) => sentence(nameOf(fault.key), fault.stored, fault.given));
  const { learningRateSchedule: schedule } = stored;
  for (const key of ENDS) {
    const was = stored[key];
    const wish = given[key];
    if (wish === undefined || wish === was) continue;
    const isPatience = key === 'earlyStoppingPatience';
    if (!isPatience && ENDING_SCHEDULES.includes(schedule)) {
      changed.push(`${sentence(nameOf(key), was, wish)}; the schedule ${schedule} ends there`);
    } else if (isPatience && (was === null || wish === null)) {
      changed.push(sentence(nameOf(key), was, wish));
    } else if (typeof was === 'number' && typeof wish === 'number' && wish < was) {
      changed.push(`${sentence(nameOf(key), was, wish)}; it may only grow`);
    }
  }
  if (stored.mixedEngines && given.mixedEngines === false) {
    const what = sentence(nameOf('mixedEngines'), true, false);
    changed.push(`${what}; what was computed with mixed engines stays so`);
  }
  if (typeof given.out === 'string' && given.out !== folder) {
    changed.push(sentence(nameOf('out'), folder, given.out));
  }
  return changed;
}

const sentence = (name: string, stored: unknown, given: unknown): string =>
  `${name}: the run has ${showValue(stored)}, got ${showValue(given)}`;

function resumeError(refused: readonly string[], folder: string): LockstepError {
  const list = refused.map((line) => `  ${line}`).join('\n');
  return new LockstepError(
    'CONFIG_RESUME_DIFFERS',
    `A resumed run keeps the configuration of its folder:\n${list}`,
    {
      hint: 'Leave these out; only who computes, and a later end, may change. Or start a new run with --out.',
      where: { folder },
    },
  );
}
