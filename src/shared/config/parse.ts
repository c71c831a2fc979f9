import { didYouMean } from './did-you-mean.js';
import { showValue, type ConfigFault, type NameOfKey } from './faults.js';
import { expectation } from './json-schema.js';
import { CONFIG_KEYS, CONFIG_SHAPE, type ConfigInput, type ConfigKey } from './schema.js';

export interface ParsedKeys {
  /** The keys that were given and are right. */
  readonly values: ConfigInput;
  readonly faults: readonly ConfigFault[];
  readonly faulty: ReadonlySet<ConfigKey>;
}

/**
 * Checks each key that is given on its own, so that one fault hides no other. A key whose value
 * is undefined counts as left out.
 */
export function parseKeys(input: unknown, nameOf: NameOfKey): ParsedKeys {
  const faults: ConfigFault[] = [];
  const faulty = new Set<ConfigKey>();
  const values: Record<string, unknown> = {};
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const message = `expected an object of keys and values, got ${showValue(input)}`;
    return { values, faults: [{ path: 'configuration', message }], faulty };
  }
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (!isKey(name)) {
      faults.push({ path: nameOf(name), message: unknownKey(name) });
      continue;
    }
    const parsed = CONFIG_SHAPE[name].safeParse(value);
    if (parsed.success) {
      values[name] = Object.is(parsed.data, -0) ? 0 : parsed.data;
    } else {
      const message = `expected ${expectation(name)}, got ${showValue(value)}`;
      faults.push({ path: nameOf(name), message });
      faulty.add(name);
    }
  }
  return { values, faults, faulty };
}

function isKey(name: string): name is ConfigKey {
  return Object.hasOwn(CONFIG_SHAPE, name);
}

function unknownKey(name: string): string {
  const near = didYouMean(name, CONFIG_KEYS);
  return near === null ? 'no such key' : `no such key; did you mean ${near}?`;
}
