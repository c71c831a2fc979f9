import * as z from 'zod';

/** What a coordinator tells whoever has the token: how the run stands, and who does what. */
const count = z.int().min(0);

const workerStatus = z.object({
  name: z.string(),
  member: z.string(),
  host: z.string(),
  pid: count,
  threads: count,
  /** Where its connection comes from, and where other workers reach it. */
  from: z.string(),
  url: z.string().nullable(),
  /** Its place in the run; `joining`: it is connected, and has not said hello yet. */
  role: z.enum(['joining', 'candidate', 'learner', 'member']),
  activity: z.string().nullable(),
  /** Steps applied. */
  applied: count.nullable(),
  /** Measured; 0 before the first. */
  millisPerMicroBatch: z.number(),
  /** What it is to compute of the newest step that was handed out. */
  microBatches: count.nullable(),
  heardMillisAgo: count.nullable(),
});

export const clusterStatusSchema = z.object({
  run: z.string(),
  folder: z.string(),
  version: z.string(),
  model: z.string(),
  engine: z.string(),
  host: z.string(),
  pid: count,
  phase: z.string(),
  /** Number of the membership, and the coordinator's term. */
  view: count,
  term: count,
  /** Steps that every member has applied; the last step of the run. */
  stable: count,
  steps: count,
  storedAfter: count,
  minWorkers: count,
  workers: z.array(workerStatus),
});

export type ClusterStatus = z.output<typeof clusterStatusSchema>;
export const STATUS_PATH = '/lockstep/status';
