import * as z from 'zod';
import { GPUS_PATTERN } from '../../shared/config/gpus.js';
import { CONFIG_SHAPE, ENGINE_NAMES } from '../../shared/config/schema.js';

/** The description of a cluster: `cluster.json`. Types, defaults and JSON Schema follow from it. */
const hostName = z.string().regex(/^[A-Za-z0-9_][\w.:@-]*$/, 'expected the name of a host');
const address = z.string().regex(/^\S+:\d{1,5}$/, 'expected HOST:PORT');

export const COORDINATOR_SHAPE = {
  listen: address
    .default('127.0.0.1:0')
    .describe('Where workers join: HOST:PORT; 0.0.0.0 for all addresses, port 0 for a free one'),
  address: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Host name or address that workers dial; null: the one listened on'),
  tokenFile: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("File with the token that lets workers in; null: made in the run's folder"),
  tlsCert: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('PEM file of a certificate: links are encrypted; null: they are not'),
  tlsKey: z.string().min(1).nullable().default(null).describe('PEM file of its private key'),
  tlsCa: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("PEM file of the authority that workers are to trust; null: the system's"),
  minWorkers: z.int().min(1).default(1).describe('The run waits while there are fewer'),
  maxWorkers: z.int().min(1).nullable().default(null).describe('Refuse those above so many'),
  waitSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(300)
    .describe('Seconds to wait for enough workers before the run ends'),
};

export const WORKER_SHAPE = {
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, dots, dashes and underscores')
    .nullable()
    .default(null)
    .describe('Name in output and errors; null: host and place in the list'),
  host: hostName
    .default('localhost')
    .describe('Machine: localhost, or what ssh is to be given (HOST or USER@HOST)'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .nullable()
    .default(null)
    .describe('Compute threads; null: as many as the machine has processors'),
  engine: z
    .enum(ENGINE_NAMES)
    .nullable()
    .default(null)
    .describe('Engine, where train.mixedEngines allows for others; null: that of the run'),
  gpus: z
    .string()
    .regex(GPUS_PATTERN, 'expected all, none, or numbers such as 0,1')
    .nullable()
    .default(null)
    .describe(
      'GPUs, by their numbers in nvidia-smi: all, none, or such as 0,1; null: all where the run computes on GPUs',
    ),
  processPerGpu: z
    .boolean()
    .default(false)
    .describe(
      'Whether each of the GPUs named in gpus gets a worker of its own, in its own process',
    ),
  dataMemory: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('The most bytes of images in its memory; null: the whole data set'),
  keepFeatures: CONFIG_SHAPE.keepFeatures
    .unwrap()
    .nullable()
    .default(null)
    .describe(
      'Mebibytes for what frozen layers compute of each image; null: as many as the run has',
    ),
  listen: address
    .nullable()
    .default(null)
    .describe('Where other workers connect: HOST:PORT; null: a free port'),
};

export const SSH_SHAPE = {
  command: z
    .string()
    .min(1)
    .default('lockstep')
    .describe('Shell words that run lockstep on the other machines'),
  options: z
    .array(z.string().min(1))
    .default([])
    .describe('More options for ssh, such as ["-p", "2222"]'),
};

export const RESTART_SHAPE = {
  atMost: z.int().min(0).max(1000).default(3).describe('Restarts of each worker that dies'),
  backoffSeconds: z
    .number()
    .min(0)
    .max(3600)
    .default(1)
    .describe('Pause before the first restart; doubled before each further one, up to a minute'),
};

export const CLUSTER_SHAPE = {
  coordinator: z.strictObject(COORDINATOR_SHAPE).prefault({}),
  workers: z.array(z.strictObject(WORKER_SHAPE)).min(1).max(1024),
  ssh: z.strictObject(SSH_SHAPE).prefault({}),
  restarts: z.strictObject(RESTART_SHAPE).prefault({}),
  train: z
    .strictObject(CONFIG_SHAPE)
    .partial()
    .default({})
    .describe('The training: the keys of a configuration file'),
};

export const clusterSchema = z.strictObject(CLUSTER_SHAPE);

export type ClusterFile = z.output<typeof clusterSchema>;
export type WorkerEntry = ClusterFile['workers'][number];

/** JSON Schema (draft 2020-12) of a cluster file; editors read it through `$schema`. */
export function clusterJsonSchema(): object {
  const generated = z.toJSONSchema(clusterSchema, { io: 'input' });
  return {
    ...generated,
    title: 'Lockstep cluster',
    properties: {
      $schema: { type: 'string', description: 'this schema, for editors' },
      ...generated.properties,
    },
  };
}
