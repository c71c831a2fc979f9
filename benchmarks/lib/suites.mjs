/**
 * Every benchmark by name, in the order in which they run and stand in the report. A long one runs
 * when it is named.
 */
export const SUITES = {
  tune: { needsPyTorch: true, load: () => import('../suites/tune.mjs') },
  steps: { needsPyTorch: true, load: () => import('../suites/steps.mjs') },
  steps128: { needsPyTorch: true, load: () => import('../suites/steps128.mjs') },
  engines: { needsPyTorch: true, needsKeras: true, load: () => import('../suites/engines.mjs') },
  inference: { needsPyTorch: true, load: () => import('../suites/inference.mjs') },
  scaling: { needsPyTorch: false, load: () => import('../suites/scaling.mjs') },
  overhead: { needsPyTorch: false, load: () => import('../suites/overhead.mjs') },
  hosts: { needsPyTorch: true, load: () => import('../suites/hosts.mjs') },
  workers: { needsPyTorch: false, load: () => import('../suites/workers.mjs') },
  allreduce: { needsPyTorch: true, load: () => import('../suites/allreduce.mjs') },
  exactness: { needsPyTorch: false, load: () => import('../suites/exactness.mjs') },
  profile: { needsPyTorch: false, load: () => import('../suites/profile.mjs') },
  startup: { needsPyTorch: false, load: () => import('../suites/startup.mjs') },
  memory: { needsPyTorch: false, load: () => import('../suites/memory.mjs') },
  'many-workers': { needsPyTorch: false, load: () => import('../suites/many-workers.mjs') },
  r1: { needsPyTorch: false, isLong: true, load: () => import('../suites/r1.mjs') },
  race: { needsPyTorch: true, isLong: true, load: () => import('../suites/race.mjs') },
};
