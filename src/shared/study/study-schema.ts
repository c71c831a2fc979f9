/**
 * What a study file says. From this one definition come the types, the defaults and the JSON
 * Schema for editors.
 */
import * as z from 'zod';

/** A value of a configuration key. */
const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);
export type Scalar = z.output<typeof scalar>;

const rangeSchema = z.strictObject({
  from: z.number().describe('The least value'),
  to: z.number().describe('The greatest value'),
  scale: z.enum(['linear', 'log']).default('linear').describe('Even steps, or even factors'),
  points: z
    .int()
    .min(2)
    .max(1000)
    .optional()
    .describe('How many values a grid takes, both ends among them'),
});
export type ValueRange = z.output<typeof rangeSchema>;

export const STUDY_SHAPE = {
  recipe: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Configuration file that every run starts from; relative to this file'),
  train: z
    .record(z.string(), scalar)
    .default({})
    .describe('Keys of the configuration that all runs share, laid over the recipe'),
  search: z
    .enum(['grid', 'random', 'halving', 'rangeTest'])
    .default('grid')
    .describe('How the space is searched'),
  space: z
    .record(z.string(), z.union([z.array(scalar).min(1), rangeSchema]))
    .default({})
    .describe('For each key that varies its values, as a list or as a range'),
  variants: z
    .record(z.string(), z.record(z.string(), scalar))
    .nullable()
    .default(null)
    .describe('Named sets of keys that only make sense together; one more thing that varies'),
  budget: z
    .strictObject({
      runs: z.int().min(1).max(100_000).optional().describe('At most so many runs'),
      epochs: z.int().min(1).optional().describe('At most so many epochs, all runs together'),
    })
    .default({})
    .describe('Where the search ends'),
  halving: z
    .strictObject({
      eta: z.int().min(2).max(100).default(3).describe('One run of so many goes on each time'),
      minEpochs: z.int().min(1).default(1).describe('Epochs of the first rung'),
      maxEpochs: z
        .int()
        .min(1)
        .optional()
        .describe('Epochs of the last rung at most; if left out, the epochs of the configuration'),
    })
    .prefault({})
    .describe('Successive halving'),
  metric: z
    .enum(['validationAccuracy', 'validationLoss'])
    .default('validationAccuracy')
    .describe('What the best run is best in'),
  seed: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('Of the draws of the search; runs take their own from train'),
  test: z
    .boolean()
    .default(true)
    .describe('Whether the chosen run is evaluated on the test set, once, at the end'),
} as const;

export const studySchema = z.strictObject(STUDY_SHAPE);

/** What a user may write. */
export type StudyInput = z.input<typeof studySchema>;
/** Complete, with the defaults. */
export type StudyFile = z.output<typeof studySchema>;
export type Metric = StudyFile['metric'];

/** JSON Schema (draft 2020-12) of a study file. */
export function studyJsonSchema(): object {
  const generated = z.toJSONSchema(studySchema, { io: 'input' }) as { properties: object };
  return {
    ...generated,
    title: 'Lockstep study',
    properties: {
      $schema: { type: 'string', description: 'this schema, for editors' },
      ...generated.properties,
    },
  };
}
