/** Every benchmark by name, in the order in which they run and stand in the report. */
export const SUITES = {
  tune: { needsPyTorch: true, load: () => import('../suites/tune.mjs') },
  steps: { needsPyTorch: true, load: () => import('../suites/steps.mjs') },
  scaling: { needsPyTorch: false, load: () => import('../suites/scaling.mjs') },
  overhead: { needsPyTorch: false, load: () => import('../suites/overhead.mjs') },
  startup: { needsPyTorch: false, load: () => import('../suites/startup.mjs') },
  memory: { needsPyTorch: false, load: () => import('../suites/memory.mjs') },
  r1: { needsPyTorch: false, load: () => import('../suites/r1.mjs') },
};
