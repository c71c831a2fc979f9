import type { ClusterStatus } from '../../shared/wire/status.js';
import type { CoordinatorState } from '../machine/state.js';
import type { JoinedWorker } from './cluster-server.js';

/** What the machine knows of the run and its workers, for people. */
export function statusOf(
  state: CoordinatorState,
  joined: readonly JoinedWorker[],
): Pick<
  ClusterStatus,
  'phase' | 'view' | 'term' | 'stable' | 'steps' | 'storedAfter' | 'minWorkers' | 'workers'
> {
  const shares = [...state.duties.values()].at(-1)?.plan.shares ?? [];
  const given = new Map(
    [...shares].map(([member, { compute }]) => [
      member,
      compute.reduce((sum, { first, end }) => sum + end - first, 0),
    ]),
  );
  return {
    phase: state.pausedAt === null ? state.phase : 'paused: too few workers',
    view: state.view.number,
    term: state.term,
    stable: state.stable,
    steps: state.lastStep,
    storedAfter: state.stored.applied,
    minWorkers: state.config.minWorkers,
    workers: joined.map(({ worker, member, host, pid, threads, from, url }) => {
      const peer = state.peers.get(member);
      return {
        name: worker,
        member,
        host,
        pid,
        threads,
        from,
        url,
        role: peer?.role ?? 'joining',
        activity: peer?.report.activity ?? null,
        applied: peer?.report.applied ?? null,
        millisPerMicroBatch: peer?.report.millisPerMicroBatch ?? 0,
        microBatches: given.get(member) ?? null,
        heardMillisAgo: peer === undefined ? null : state.now - peer.heardAt,
      };
    }),
  };
}
