/**
 * Other classes than those that photographs come with: which of them make up a class, and where a
 * table says so. What no class names is left out, and counted.
 */
import * as z from 'zod';
import type { ConfigFault } from '../config/faults.js';
import { zodFaults } from '../config/zod-faults.js';
import { LockstepError } from '../errors.js';
import type { ExtraCommas } from './table.js';

const name = z.string().min(1);

const RECODE_SHAPE = {
  classes: z
    .array(z.strictObject({ name, from: z.array(name).min(1) }))
    .min(2)
    .describe('The classes in label order, and which names of the photographs each takes'),
  table: z
    .strictObject({
      file: name.describe('The table, from the folder that is imported'),
      photo: name.describe('Path of a photograph, {column} standing for what a column says'),
      label: name.describe('The column with the names'),
      extraCommas: z
        .enum(['error', 'joinLast'])
        .default('error')
        .describe('Whether a line of too many fields is an error, or has commas in its last one'),
      missing: z
        .enum(['error', 'leaveOut'])
        .default('error')
        .describe('Whether a photograph that is not there is an error, or left out and counted'),
    })
    .optional()
    .describe('Where the photographs and their names stand, if in a table'),
};

const recodeSchema = z.strictObject({ $schema: z.string().optional(), ...RECODE_SHAPE });

export interface RecodeTable {
  readonly file: string;
  readonly photo: string;
  readonly label: string;
  readonly extraCommas: ExtraCommas;
  readonly missing: 'error' | 'leaveOut';
}

export interface Recode {
  readonly classes: readonly { readonly name: string; readonly from: readonly string[] }[];
  readonly table?: RecodeTable | undefined;
}

/** Throws CONFIG_INVALID with every fault. */
export function parseRecode(value: unknown, file: string): Recode {
  const parsed = recodeSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const keys = Object.keys(RECODE_SHAPE);
    const faults = zodFaults(parsed.error, 'the file', (path) => (path.length === 0 ? keys : []));
    throw wrongRecode(faults, file);
  }
  const { classes, table } = parsed.data;
  const twice =
    repeated(classes.map((each) => each.name)) ?? repeated(classes.flatMap((c) => c.from));
  if (twice !== null) {
    throw wrongRecode([{ path: 'classes', message: `"${twice}" is named twice` }], file);
  }
  return { classes, table };
}

function wrongRecode(faults: readonly ConfigFault[], file: string): LockstepError {
  const list = faults.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  return new LockstepError('CONFIG_INVALID', `The recode ${file} has faults:${list}`, {
    where: { file },
    hint: 'docs/data.md, "Recoding", shows one.',
  });
}

function repeated(names: readonly string[]): string | null {
  return names.find((each, i) => names.indexOf(each) !== i) ?? null;
}

/** The label of each name that photographs come with. */
export function labelsOf({ classes }: Recode): ReadonlyMap<string, number> {
  return new Map(classes.flatMap(({ from }, label) => from.map((each) => [each, label] as const)));
}
