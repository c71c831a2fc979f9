/** Which way imports may go: cli → coordinator | worker → shared. */
const only = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only(
      'shared-is-below-all',
      '^src/shared/',
      '^src/(coordinator|worker|cli|local|report|explore)/',
      'shared imports only shared',
    ),
    only(
      'coordinator-not-worker',
      '^src/coordinator/',
      '^src/(worker|cli)/',
      'coordinator → shared only',
    ),
    only(
      'worker-not-coordinator',
      '^src/worker/',
      '^src/(coordinator|cli)/',
      'worker → shared only',
    ),
    only(
      'report-and-explore-are-pure',
      '^src/(report|explore)/',
      '^src/(coordinator|worker|cli|local)/',
      'report → shared only: values in, pages out',
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/worker/engine/wasm/assembly/' },
  },
};
