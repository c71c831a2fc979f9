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

t.test('Waiting for workers that never come ends with an error', (t) => {
  let { state } = startCoordinator(config, schedule, 0);
  state = advanceCoordinator(state, [{ kind: 'term-saved', term: 5 }], schedule).state;
  const { effects } = advanceCoordinator(state, [{ kind: 'tick', now: 1500 }], schedule);
  const exit = effects.find((effect) => effect.kind === 'exit');
  t.equal(exit?.failure?.code, 'RUN_TOO_FEW_WORKERS');
  t.end();
});
