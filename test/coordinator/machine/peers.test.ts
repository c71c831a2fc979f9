import t from 'tap';
import { advanceCoordinator, startCoordinator } from '#src/coordinator/machine/machine.js';
import type { CoordinatorConfig, CoordinatorEffect } from '#src/coordinator/machine/state.js';
import type { Hello, Message, Refusal } from '#src/shared/protocol/messages.js';
import { startMember } from '#src/worker/machine/machine.js';
import { Model } from '../../simulator/model.js';
import { quiet } from '../../simulator/scenario.js';
import { TIMES } from '../../simulator/times.js';

const { schedule, options } = new Model(quiet(1).model);
const identity = { kernels: 'k', data: 'd' };
const config: CoordinatorConfig = {
  run: options.run,
  id: 'c0',
  identity,
  folder: {
    term: 4,
    checkpoint: { applied: 0, lineage: 'l0' },
    metrics: { upTo: 0, lineages: new Map() },
  },
  minWorkers: 1,
  expectWorkers: 1,
  ahead: 1,
  learnerLag: 2,
  segments: 1,
  exact: true,
  checkpointEvery: null,
  nodeMillis: 1,
  times: TIMES.coordinator,
};

function helloOf(changes: Partial<Hello>): Hello {
  const member = {
    run: options.run,
    id: 'w0#1',
    worker: 'w0',
    identity,
    origin: null,
    segments: 1,
    exact: true,
    times: TIMES.member,
  };
  const [effect] = startMember(member, 0).effects;
  if (effect?.kind !== 'send' || effect.message.kind !== 'hello') throw new TypeError('no hello');
  return { ...effect.message, ...changes };
}

function sent(effects: readonly CoordinatorEffect[]): readonly Message[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));
}

function answerTo(hello: Hello): Refusal | undefined {
  const { state } = startCoordinator(config, schedule, 0);
  const ready = advanceCoordinator(state, [{ kind: 'term-saved', term: 5 }], schedule).state;
  const { effects } = advanceCoordinator(ready, [{ kind: 'message', message: hello }], schedule);
  return sent(effects).find((message): message is Refusal => message.kind === 'refusal');
}

t.test('Nothing is said before the term is synced', (t) => {
  const { state, effects } = startCoordinator(config, schedule, 0);
  t.strictSame(effects, [{ kind: 'save-term', term: 5 }]);
  const hello = advanceCoordinator(state, [{ kind: 'message', message: helloOf({}) }], schedule);
  t.strictSame(hello.effects, []);
  const tick = advanceCoordinator(hello.state, [{ kind: 'tick', now: 1000 }], schedule);
  t.strictSame(tick.effects, []);
  t.end();
});

t.test('A worker of another run is refused for good', (t) => {
  const refusal = answerTo(helloOf({ run: 'another' }));
  t.equal(refusal?.failure.code, 'PROTOCOL_OTHER_RUN');
  t.equal(refusal?.retryAfterMillis, null);
  t.equal(refusal?.term, 5);
  t.end();
});

t.test('A worker that would compute other bits is refused, and told by name what differs', (t) => {
  const refusal = answerTo(helloOf({ identity: { kernels: 'other', data: 'd', extra: 'x' } }));
  t.equal(refusal?.failure.code, 'PROTOCOL_IDENTITY');
  t.match(refusal?.failure.message, /extra, kernels/);
  t.notMatch(refusal?.failure.message, /data/);
  t.equal(answerTo(helloOf({})), undefined, 'an equal one is welcome');
  t.end();
});

const withEngine = (engine: string, changes: Record<string, string> = {}) => ({
  ...{ data: 'd', [`compiled model (engine ${engine})`]: engine, 'probe row': engine },
  ...changes,
});

/** What a coordinator whose run is on wasm, and has a worker, says to another worker. */
function answerBeside(identity: Record<string, string>, mixedEngines: boolean) {
  const wasm = withEngine('wasm');
  const run: CoordinatorConfig = { ...config, identity: wasm, mixedEngines };
  const { state } = startCoordinator(run, schedule, 0);
  let ready = advanceCoordinator(state, [{ kind: 'term-saved', term: 5 }], schedule).state;
  const first = helloOf({ identity: wasm });
  ready = advanceCoordinator(ready, [{ kind: 'message', message: first }], schedule).state;
  const from = 'w1#1';
  const report = { ...first.report, from };
  const hello = helloOf({ from, worker: 'w1', identity, report });
  const done = advanceCoordinator(ready, [{ kind: 'message', message: hello }], schedule);
  const refusal = sent(done.effects).find(
    (message): message is Refusal => message.kind === 'refusal',
  );
  const warnings = done.effects.flatMap((each) => (each.kind === 'warn' ? [each.failure] : []));
  return { refusal, warnings, engines: [...done.state.engines.values()] };
}

t.test('A worker with another engine is refused, and both workers and engines are named', (t) => {
  const { refusal, engines } = answerBeside(withEngine('tensorflow'), false);
  t.equal(refusal?.failure.code, 'PROTOCOL_ENGINES');
  t.match(
    refusal?.failure.message,
    'Worker w1 would compute with engine tensorflow, the run and its worker w0 with wasm',
  );
  t.strictSame(engines, ['wasm']);
  const hardware = { 'hardware (engine wasm)': 'NVIDIA A100' };
  const other = answerBeside(withEngine('wasm', hardware), false);
  t.match(other.refusal?.failure.message, 'with engine wasm on NVIDIA A100, the run');
  const data = answerBeside(withEngine('tensorflow', { data: 'other' }), false);
  t.equal(data.refusal?.failure.code, 'PROTOCOL_IDENTITY');
  t.end();
});

t.test('Mixed engines are let in where the run allows for them, and told of', (t) => {
  const { refusal, warnings, engines } = answerBeside(withEngine('tensorflow'), true);
  t.equal(refusal, undefined);
  t.equal(warnings.length, 1);
  t.match(warnings[0]?.message, /^Mixed engines: worker w1 computes with tensorflow.*not the same/);
  t.strictSame(engines, ['wasm', 'tensorflow']);
  t.strictSame(answerBeside(withEngine('wasm'), true).warnings, [], 'the same needs no words');
  const data = answerBeside(withEngine('tensorflow', { data: 'other' }), true);
  t.equal(data.refusal?.failure.code, 'PROTOCOL_IDENTITY', 'other data are still refused');
  t.end();
});

t.test('Waiting for workers that never come ends with an error', (t) => {
  let { state } = startCoordinator(config, schedule, 0);
  state = advanceCoordinator(state, [{ kind: 'term-saved', term: 5 }], schedule).state;
  const { effects } = advanceCoordinator(state, [{ kind: 'tick', now: 1500 }], schedule);
  const exit = effects.find((effect) => effect.kind === 'exit');
  t.equal(exit?.failure?.code, 'RUN_TOO_FEW_WORKERS');
  t.end();
});
