import type { Failure, Hello, Report } from '../../shared/protocol/messages.js';
import { engineOf, isOfEngine } from '../../shared/protocol/engine-identity.js';
import type { MemberId } from '../../shared/protocol/names.js';
import { failRun, withPeer, type Context } from './context.js';
import { takeProgress } from './records.js';
import { relayPairs } from './relays.js';
import { giveWay } from './terms.js';
import type { CoordinatorState } from './state.js';

/** A worker says who it is: is it one of ours, and would it compute the same bits? */
export function takeHello(
  state: CoordinatorState,
  context: Context,
  hello: Hello,
): CoordinatorState {
  const { worker, from } = hello;
  if (hello.run !== state.config.run) {
    const failure: Failure = {
      code: 'PROTOCOL_OTHER_RUN',
      message: `Worker ${worker} belongs to run ${hello.run}, this is run ${state.config.run}.`,
      hint: 'Start the worker anew, or join it to the coordinator of its run.',
      where: { worker },
    };
    refuse(state, context, from, failure, null);
    return state;
  }
  const different = differingParts(state.config.identity, hello.identity);
  const engine = engineOf(hello.identity);
  const ofEngine = different.filter(isOfEngine);
  const isOther = engine !== engineOf(state.config.identity);
  const isMixed = ofEngine.length > 0 && state.config.mixedEngines === true;
  if (isOther && !isMixed && ofEngine.length === different.length) {
    refuse(state, context, from, otherEngine(state, worker, engine), null);
    return state;
  }
  if (different.length > (isMixed ? ofEngine.length : 0)) {
    const failure: Failure = {
      code: 'PROTOCOL_IDENTITY',
      message: `Worker ${worker} would not compute the same bits; it differs in ${different.join(', ')}.`,
      hint: 'Run the same version of Lockstep with the same configuration and data on all workers.',
      where: { worker, parts: different.join(', ') },
    };
    refuse(state, context, from, failure, null);
    return state;
  }
  if (state.removed.has(from)) {
    refuseRemoved(state, context, from);
    return state;
  }
  if (!state.peers.has(from)) {
    const { now } = state;
    if (isMixed && state.engines.get(worker) !== engine) {
      context.emit({ kind: 'warn', failure: mixed(state, worker, engine) });
    }
    state = { ...state, engines: new Map(state.engines).set(worker, engine) };
    const { report } = hello;
    state = withPeer(state, context, {
      id: from,
      worker,
      role: 'candidate',
      report,
      heardAt: now,
      gotOnAt: now,
    });
  }
  return takeReport(state, context, hello.report);
}

/** Whom of the others a new worker would compute with. */
function companions(state: CoordinatorState, worker: string): string {
  const names = [...new Set([...state.peers.values()].map((peer) => peer.worker))];
  const others = names.filter((name) => name !== worker);
  return others.length === 0 ? 'the run' : `the run and its worker ${others.join(', ')}`;
}

function otherEngine(state: CoordinatorState, worker: string, engine: string): Failure {
  const ours = engineOf(state.config.identity);
  return {
    code: 'PROTOCOL_ENGINES',
    message: `Worker ${worker} would compute with engine ${engine}, ${companions(state, worker)} with ${ours}: they would not agree on any weight.`,
    hint: 'Give it the same (--engine, --gpus). Or start the run with --mixed-engines, which gives up that its weights are the same bits.',
    where: { worker, engine, run: ours },
  };
}

function mixed(state: CoordinatorState, worker: string, engine: string): Failure {
  const ours = engineOf(state.config.identity);
  return {
    code: 'PROTOCOL_ENGINES',
    message: `Mixed engines: worker ${worker} computes with ${engine}, ${companions(state, worker)} with ${ours}. The weights of this run are not the same bits on other workers, or when it is done again.`,
    hint: 'Leave --mixed-engines out to have such workers refused.',
    where: { worker, engine, run: ours },
  };
}

function differingParts(
  ours: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].filter((name) => ours[name] !== theirs[name]).sort();
}

export function takeReport(
  state: CoordinatorState,
  context: Context,
  report: Report,
): CoordinatorState {
  if (report.run !== state.config.run) return state;
  const peer = state.peers.get(report.from);
  if (peer === undefined) {
    if (state.removed.has(report.from)) refuseRemoved(state, context, report.from);
    return state;
  }
  const { term, coordinator } = report;
  const followsAnother = coordinator !== null && coordinator !== state.config.id;
  if (followsAnother && term >= state.term) return giveWay(state, context, term);
  // Overtaken by a newer one; those of a hello are taken, equal, a second time.
  if (report.sequence < peer.report.sequence) return state;
  const gotOn =
    report.progress !== peer.report.progress ||
    report.applied !== peer.report.applied ||
    report.activity !== peer.report.activity;
  state = withPeer(state, context, {
    ...peer,
    report,
    heardAt: state.now,
    gotOnAt: gotOn ? state.now : peer.gotOnAt,
  });
  if (gotOn) state = { ...state, gotOnAt: state.now };
  return takeProgress(relayPairs(state, report), context, report);
}

/** A worker's own failure: of the run, if its cause is in the run; else of this worker alone. */
const FAILS_THE_RUN: ReadonlySet<string> = new Set([
  'STEP_NOT_FINITE',
  'PROTOCOL_PROOF',
  'PROTOCOL_DIVERGED',
]);

export function failIfReported(state: CoordinatorState): CoordinatorState {
  for (const { report } of state.peers.values()) {
    if (report.failure !== null && FAILS_THE_RUN.has(report.failure.code)) {
      return failRun(state, report.failure);
    }
  }
  return state;
}

export function refuse(
  state: CoordinatorState,
  context: Context,
  to: MemberId,
  failure: Failure,
  retryAfterMillis: number | null,
): void {
  const { run, id } = state.config;
  context.emit({
    kind: 'send',
    to,
    message: {
      kind: 'refusal',
      run,
      from: id,
      to,
      coordinator: null,
      term: state.term,
      failure,
      retryAfterMillis,
    },
  });
}

export function refuseRemoved(state: CoordinatorState, context: Context, id: MemberId): void {
  const worker = state.removed.get(id) ?? id;
  const times = Math.min(6, Math.max(1, state.removals.get(worker) ?? 1));
  const wait = state.config.times.backOffMillis * (1 << (times - 1));
  const failure: Failure = {
    code: 'PROTOCOL_REMOVED',
    message: `Worker ${worker} was taken for dead, and removed from the run.`,
    hint: `It may join again, as a new worker, after ${wait} ms.`,
    where: { worker },
  };
  refuse(state, context, id, failure, wait);
}
