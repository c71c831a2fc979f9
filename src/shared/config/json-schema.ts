import * as z from 'zod';
import { configSchema, infoOf, type ConfigKey } from './schema.js';

/** The JSON Schema of one key, as far as it is used here. */
export interface KeyJsonSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly anyOf?: readonly KeyJsonSchema[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

const generated = z.toJSONSchema(configSchema, { io: 'input' }) as unknown as {
  readonly properties: Record<ConfigKey, KeyJsonSchema>;
};

/** JSON Schema (draft 2020-12) of a configuration file; editors read it through `$schema`. */
export function configJsonSchema(): object {
  return {
    ...generated,
    title: 'Lockstep training configuration',
    properties: {
      $schema: { type: 'string', description: 'this schema, for editors' },
      ...generated.properties,
    },
  };
}

/** A key's schema without the alternative of null, and whether null may be given. */
export function keyJsonSchema(key: ConfigKey): { schema: KeyJsonSchema; nullable: boolean } {
  const whole = generated.properties[key];
  const inner = whole.anyOf?.find((part) => part.type !== 'null');
  if (inner === undefined) return { schema: whole, nullable: false };
  return { schema: { ...inner, default: whole.default }, nullable: true };
}

/** What a key takes, for people: `an integer from 1 to 256`. */
export function expectation(key: ConfigKey): string {
  const { takes } = infoOf(key);
  if (takes !== undefined) return takes;
  const { schema } = keyJsonSchema(key);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer') return `an integer${range(schema)}`;
  if (schema.type === 'number') return `a number${range(schema)}`;
  return infoOf(key).expected ?? 'a text that is not empty';
}

function range(schema: KeyJsonSchema): string {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    return ` from ${String(low)} to ${String(high)}`;
  }
  const lowText = schema.minimum === undefined ? 'above' : 'of at least';
  const highText = schema.maximum === undefined ? 'below' : 'of at most';
  const parts = [];
  if (low !== undefined) parts.push(`${lowText} ${String(low)}`);
  if (high !== undefined) parts.push(`${highText} ${String(high)}`);
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}
