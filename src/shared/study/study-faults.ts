/** What can be wrong with a study before any of its runs is looked at: every fault at once. */
import type { ConfigFault } from '../config/faults.js';
import { showValue } from '../config/faults.js';
import { didYouMean } from '../config/did-you-mean.js';
import { keyJsonSchema } from '../config/json-schema.js';
import { parseKeys } from '../config/parse.js';
import {
  PLACEMENT_KEYS,
  TRAINING_KEYS,
  type ConfigInput,
  type ConfigKey,
} from '../config/schema.js';
import type { Scalar, StudyFile, ValueRange } from './study-schema.js';

/** Runs with other values of these would be judged on other samples, or by the test set. */
const SPLIT_KEYS: readonly string[] = [
  'validation',
  'validationSplit',
  'folds',
  'fold',
  'splitSeed',
  'evaluateTest',
];

export function studyFaults(study: StudyFile): readonly ConfigFault[] {
  const { search, space, variants, budget } = study;
  const faults: ConfigFault[] = [];
  const add = (path: string, message: string): void => void faults.push({ path, message });
  const varied = Object.keys(space);
  for (const key of varied) {
    const path = `space.${key}`;
    const wrong = keyFault(key, search);
    if (wrong !== null) add(path, wrong);
    else faults.push(...valueFaults(path, key as ConfigKey, space[key]!, search));
  }
  for (const [name, keys] of Object.entries(variants ?? {})) {
    for (const [key, value] of Object.entries(keys)) {
      const path = `variants.${name}.${key}`;
      const wrong = keyFault(key, search);
      if (wrong !== null) add(path, wrong);
      else if (varied.includes(key)) add(path, 'varies in space too; it can be in one of them');
      else faults.push(...scalarFaults(path, key as ConfigKey, value));
    }
  }
  if (variants !== null && Object.keys(variants).length === 0) add('variants', 'names no variant');
  const free = varied.length === 0 && variants === null;
  if (search === 'rangeTest') {
    if (!free) add('space', 'a range test is one run, whose learning rate rises; nothing varies');
    if (Object.keys(budget).length > 0) add('budget', 'a range test ends with its run');
  } else if (free) {
    add('space', 'names no key that varies; expected keys with their values');
  }
  if (budget.runs !== undefined && budget.epochs !== undefined) {
    add('budget', 'runs and epochs cannot both be given');
  }
  const bounded = budget.runs !== undefined || budget.epochs !== undefined;
  if ((search === 'random' || search === 'halving') && !bounded) {
    add('budget', `a search of kind ${search} needs runs or epochs`);
  }
  return faults;
}

function keyFault(key: string, search: StudyFile['search']): string | null {
  if (SPLIT_KEYS.includes(key)) {
    return 'decides on which samples runs are judged: give it in train, the same for all';
  }
  if ((PLACEMENT_KEYS as readonly string[]).includes(key)) {
    return 'does not decide what is learnt; lockstep scale compares numbers of threads';
  }
  if (!(TRAINING_KEYS as readonly string[]).includes(key)) {
    const near = didYouMean(key, TRAINING_KEYS);
    return near === null ? 'no such key' : `no such key; did you mean ${near}?`;
  }
  if (search === 'halving' && (key === 'epochs' || key === 'steps')) {
    return 'is what halving itself decides: see halving.minEpochs and maxEpochs';
  }
  return null;
}

function valueFaults(
  path: string,
  key: ConfigKey,
  values: readonly Scalar[] | ValueRange,
  search: StudyFile['search'],
): readonly ConfigFault[] {
  if (!('from' in values)) {
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    const repeated = twice === undefined ? [] : [{ path, message: `${showValue(twice)} is named twice` }]; // prettier-ignore
    return [...values.flatMap((value) => scalarFaults(path, key, value)), ...repeated];
  }
  const { from, to, scale, points } = values;
  const { type } = keyJsonSchema(key).schema;
  if (type !== 'integer' && type !== 'number') {
    return [{ path, message: 'takes no numbers; expected a list of values' }];
  }
  const faults = [from, to].flatMap((end) => scalarFaults(path, key, end));
  const add = (message: string): void => void faults.push({ path, message });
  if (from >= to) add(`from must be below to; got ${String(from)} and ${String(to)}`);
  if (scale === 'log' && from <= 0) add(`a log scale needs from above 0; got ${String(from)}`);
  if (search === 'grid' && points === undefined) add('a range in a grid needs points');
  return faults;
}

const scalarFaults = (path: string, key: ConfigKey, value: Scalar): readonly ConfigFault[] =>
  parseKeys({ [key]: value } as ConfigInput, () => path).faults;
