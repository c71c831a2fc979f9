import { keyJsonSchema } from './json-schema.js';
import { CONFIG_KEYS, infoOf, type ConfigKey, type KeyGroup } from './schema.js';

/** A configuration key as the command line and the documentation show it. */
export interface FlagSpec {
  readonly key: ConfigKey;
  /** kebab-case, without the dashes. */
  readonly flag: string;
  readonly kind: 'text' | 'number' | 'switch';
  readonly choices: readonly string[] | null;
  readonly group: KeyGroup;
  readonly help: string;
  readonly defaultText: string;
  readonly placeholder: string | null;
}

/** `microBatch` → `micro-batch`; `beta1` stays as it is. */
export const flagOf = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const FLAGS: readonly FlagSpec[] = CONFIG_KEYS.map((key) => {
  const info = infoOf(key);
  const { schema } = keyJsonSchema(key);
  const numeric = schema.type === 'integer' || schema.type === 'number';
  return {
    key,
    flag: flagOf(key),
    kind: schema.type === 'boolean' ? 'switch' : numeric ? 'number' : 'text',
    choices: schema.enum ?? null,
    group: info.group,
    help: info.help,
    defaultText: info.defaultText ?? String(schema.default),
    placeholder: info.placeholder ?? null,
  };
});
