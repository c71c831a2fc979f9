import type { TreeNode } from '../../shared/numerics/reduction-tree.js';
import { COORDINATOR } from '../../shared/protocol/names.js';
import type { Activity, Report } from '../../shared/protocol/messages.js';
import { currentWork } from './context.js';
import type { MemberEffect, MemberState } from './state.js';
import { unreachablePeers } from './wants.js';

/** Whether the coordinator should hear of it before the next heartbeat. */
export function worthReporting(before: MemberState, after: MemberState): boolean {
  return (
    before.position !== after.position ||
    before.failure !== after.failure ||
    before.left !== after.left ||
    before.captured !== after.captured ||
    before.orders?.term !== after.orders?.term ||
    before.orders?.view !== after.orders?.view ||
    before.orders?.phase !== after.orders?.phase
  );
}

/** Tells the coordinator everything; as a hello where it was not heard of lately. */
export function reportEffect(state: MemberState, holds: readonly TreeNode[]): MemberEffect {
  const { run, id, worker, identity } = state.config;
  const content = reportOf(state, holds);
  return {
    kind: 'send',
    to: COORDINATOR,
    message: state.heard
      ? content
      : { kind: 'hello', run, from: id, worker, identity, report: content },
  };
}

function reportOf(state: MemberState, holds: readonly TreeNode[]): Report {
  const { config, orders, assignment, position, snapshot } = state;
  const fromThem = assignment?.term === state.term && assignment.coordinator === state.coordinator;
  // A coordinator that is new may know of none.
  const known = state.heard && orders !== null ? Math.min(orders.durable, orders.release) : 0;
  return {
    kind: 'report',
    run: config.run,
    from: config.id,
    sequence: state.reports,
    term: state.term,
    coordinator: state.coordinator,
    view: orders?.view ?? 0,
    assignment: fromThem ? (assignment?.number ?? 0) : 0,
    applied: position?.applied ?? null,
    lineage: position?.lineage ?? null,
    standing: position?.standing ?? null,
    records: state.records.filter(({ step }) => step >= known),
    holds,
    keeps: [...state.kept.keys()],
    activity: activityOf(state),
    learntFrom: state.learntFrom,
    progress: state.progress + (snapshot?.segments.size ?? 0),
    millisPerMicroBatch: state.millisPerMicroBatch,
    captured: [...state.captured].flatMap(([applied, { digest }]) =>
      digest === null ? [] : [{ applied, digest }],
    ),
    unreachable: unreachablePeers(state),
    failure: state.failure,
  };
}

function activityOf(state: MemberState): Activity {
  if (state.left) return 'left';
  if (state.position === null || (state.assignment?.learning ?? null) !== null) return 'learning';
  const work = currentWork(state);
  const computes =
    work !== null &&
    work.gradient === null &&
    (work.computing !== null || work.assembling || work.reducing.size > 0);
  return computes || state.evaluation?.busy === true ? 'computing' : 'waiting';
}
