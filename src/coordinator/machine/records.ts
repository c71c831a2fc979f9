import type { Failure, Report } from '../../shared/protocol/messages.js';
import type { StepRecord } from '../../shared/protocol/control.js';
import { failRun, membersOf, type Context, type Part } from './context.js';
import type { CoordinatorState } from './state.js';

/** Links and records that are remembered in any case; members keep as many. */
export const KEPT_LINKS = 64;

/** And at most so many, to check steps that are computed again from a checkpoint. */
const MOST_LINKS = 512;

/**
 * Takes what members report of applied steps: each is recorded once, in order, and whoever reports
 * it again, or computes it again after a crash, must report the same.
 */
export function adoptRecords(
  state: CoordinatorState,
  context: Context,
  records: readonly StepRecord[],
): CoordinatorState {
  if (records.every((record) => isKnown(state, record))) return state;
  const settled = settledBelow(state);
  const fresh: StepRecord[] = [];
  const lineages = new Map(state.lineages);
  const controls = new Map(state.controls);
  let { recording } = state;
  for (const record of records) {
    const { step, before, after, control } = record;
    if (step >= state.stable && !controls.has(step)) controls.set(step, control);
    if (step >= settled) continue;
    for (const [applied, lineage] of [
      [step, before],
      [step + 1, after],
    ] as const) {
      const known = lineages.get(applied);
      if (known !== undefined && known !== lineage) return failRun(state, unlike(applied));
      lineages.set(applied, lineage);
    }
    if (step !== recording) continue;
    fresh.push(record);
    recording++;
  }
  if (fresh.length > 0) context.emit({ kind: 'record', records: fresh });
  return { ...state, recording, controls, lineages: pruned(lineages, state, recording) };
}

/**
 * When a view settles at `base`: the steps below it whose records no member has are given up, in
 * so many words. Members have the last links of the chain, so only the first ones can be missing.
 */
export function giveUpLost(
  state: CoordinatorState,
  context: Context,
  records: readonly StepRecord[],
  base: number,
): CoordinatorState {
  const { recording } = state;
  const next = records
    .map(({ step }) => step)
    .filter((step) => step >= recording)
    .reduce((least, step) => Math.min(least, step), base);
  if (next <= recording) return state;
  context.emit({ kind: 'warn', failure: lost(recording, next) });
  const givenUp = [...state.givenUp, { first: recording, end: next }];
  return takeRecorded({ ...state, recording: next, givenUp }, state.durable);
}

/** Lines below `upTo` are on disk; those given up count as if they were. */
export function takeRecorded(state: CoordinatorState, upTo: number): CoordinatorState {
  let durable = Math.max(state.durable, upTo);
  for (const { first, end } of state.givenUp)
    if (durable >= first) durable = Math.max(durable, end);
  return { ...state, durable };
}

/** Reports repeat themselves. */
function isKnown(state: CoordinatorState, { step, before, after }: StepRecord): boolean {
  return (
    step < state.recording &&
    state.lineages.get(step) === before &&
    state.lineages.get(step + 1) === after &&
    (step < state.stable || state.controls.has(step))
  );
}

/** Enough to check a member that is behind, and everything that would be computed again. */
function pruned(
  lineages: ReadonlyMap<number, string>,
  state: CoordinatorState,
  recording: number,
): ReadonlyMap<number, string> {
  const links = Math.min(MOST_LINKS, Math.max(KEPT_LINKS, recording - state.stored.applied));
  if (lineages.size <= links + KEPT_LINKS) return lineages;
  const oldest = recording - links;
  return new Map([...lineages].filter(([applied]) => applied >= oldest));
}

/** Checks where a member says that it is, and takes its records. */
export function takeProgress(
  state: CoordinatorState,
  context: Context,
  report: Report,
): CoordinatorState {
  const { applied, lineage } = report;
  if (!state.begun || applied === null || lineage === null || report.term !== state.term) {
    return state;
  }
  const peer = state.peers.get(report.from);
  if (peer === undefined || (peer.role === 'learner' && report.learntFrom === null)) return state;
  if (peer.role === 'candidate') return state;
  const known = state.lineages.get(applied);
  if (known !== undefined && known !== lineage) {
    // It is removed: see forks.ts.
    if (!state.config.exact && peer.role === 'learner') return state;
    return failRun(state, unlike(applied, peer.worker));
  }
  return adoptRecords(state, context, report.records);
}

/** Records of steps that all have applied by now, where they had to wait for that. */
export const recordSettled: Part = (state, context) => {
  const { config, stable, recording, phase } = state;
  if (config.exact || phase !== 'run' || recording >= stable) return state;
  const records = membersOf(state).flatMap(({ report }) => report.records);
  records.sort((a, b) => a.step - b.step);
  return adoptRecords(state, context, records);
};

/**
 * Steps below can come out in one way only. What is rounded as it travels comes out otherwise when
 * it is done again, so there a step counts once all have applied it.
 */
function settledBelow({ config, stable }: CoordinatorState): number {
  return config.exact ? Infinity : stable;
}

function unlike(applied: number, worker = 'a worker'): Failure {
  return {
    code: 'PROTOCOL_DIVERGED',
    message: `After ${applied} steps, ${worker} has other weights than those recorded before.`,
    hint: 'A worker computes wrongly: check its memory and processor. Resume from a checkpoint.',
    where: { applied, worker },
  };
}

function lost(first: number, end: number): Failure {
  return {
    code: 'PROTOCOL_RECORDS_LOST',
    message: `The metrics of steps ${first} to ${end - 1} are not in the folder, and no worker has them.`,
    hint: 'The folder is an old copy. Weights are not touched by this; the lines stay missing.',
    where: { first, end },
  };
}
