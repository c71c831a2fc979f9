import t from 'tap';
import { advanceCoordinator, startCoordinator } from '#src/coordinator/machine/machine.js';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
} from '#src/coordinator/machine/state.js';
import type { ToCoordinator, ToMember } from '#src/shared/protocol/messages.js';
import { advanceMember, startMember } from '#src/worker/machine/machine.js';
import type { MemberEffect, MemberEvent, MemberState } from '#src/worker/machine/state.js';
import { Model } from '../../simulator/model.js';
import { quiet } from '../../simulator/scenario.js';
import { TIMES } from '../../simulator/times.js';

/** A coordinator and one worker, as in `lockstep train`, with messages that arrive at once. */
class Pair {
  readonly model: Model;
  member!: MemberState;
  coordinator!: CoordinatorState;
  /** What the member was told to do, but for sending. */
  readonly done: string[] = [];
  readonly recorded: number[] = [];
  end: CoordinatorEffect | null = null;
  #effects: (() => void)[] = [];
  /** Computing takes longer than messages do. */
  readonly #computing: (() => void)[] = [];

  constructor(
    steps: number,
    readonly nonFiniteAt = -1,
    readonly samplesLost = 0,
  ) {
    const base = quiet(1).model;
    this.model = new Model({ ...base, steps, evaluationPieces: 0, controls: null });
    const { schedule } = this.model;
    const origin = { applied: 0, lineage: 'aaaa', standing: null };
    const { run } = base;
    const c = startCoordinator(
      {
        run,
        id: 'c',
        identity: {},
        folder: { term: 0, checkpoint: origin, metrics: { upTo: 0, lineages: new Map() } },
        minWorkers: 1,
        expectWorkers: 1,
        ahead: 1,
        learnerLag: 2,
        segments: 1,
        exact: true,
        checkpointEvery: 3,
        nodeMillis: 1,
        times: TIMES.coordinator,
      },
      schedule,
      0,
    );
    this.coordinator = c.state;
    for (const effect of c.effects) this.#coordinate(effect);
    const times = TIMES.member;
    const m = startMember(
      { run, id: 'w', worker: 'w', identity: {}, origin, segments: 1, exact: true, times },
      0,
    );
    this.member = m.state;
    for (const effect of m.effects) this.#work(effect);
  }

  run(): this {
    for (;;) {
      const next = this.#effects.shift() ?? this.#computing.shift();
      if (next === undefined) return this;
      next();
    }
  }

  tell(event: MemberEvent): void {
    const { state, effects } = advanceMember(this.member, event, this.model.schedule);
    this.member = state;
    const names = effects.map(({ kind }) => kind).filter((kind) => kind !== 'send');
    if (names.length > 0) this.done.push(`${event.kind}: ${names.join(' ')}`);
    for (const effect of effects) this.#work(effect);
  }

  #feed(event: CoordinatorEvent): void {
    const { state, effects } = advanceCoordinator(this.coordinator, [event], this.model.schedule);
    this.coordinator = state;
    for (const effect of effects) this.#coordinate(effect);
  }

  #coordinate(effect: CoordinatorEffect): void {
    const answer = (event: CoordinatorEvent): void => {
      this.#effects.push(() => {
        this.#feed(event);
      });
    };
    if (effect.kind === 'save-term') answer({ kind: 'term-saved', term: effect.term });
    if (effect.kind === 'record') {
      this.recorded.push(...effect.records.map(({ step }) => step));
      answer({ kind: 'recorded', upTo: effect.records[effect.records.length - 1]!.step + 1 });
    }
    if (effect.kind === 'store') answer({ ...effect, kind: 'stored' });
    if (effect.kind === 'summarize') answer({ kind: 'summarized' });
    if (effect.kind === 'exit') this.end = effect;
    if (effect.kind === 'send') {
      this.#effects.push(() => {
        this.tell({ kind: 'message', message: effect.message as ToMember });
      });
    }
  }

  #work(effect: MemberEffect): void {
    if (effect.kind === 'send') {
      this.#effects.push(() => {
        this.#feed({ kind: 'message', message: effect.message as ToCoordinator });
      });
    }
    if (effect.kind === 'capture') {
      const { applied } = effect;
      this.#effects.push(() => {
        this.tell({ kind: 'captured', applied, digest: `d${applied}` });
      });
    }
    if (effect.kind === 'compute') {
      const { step, lineage, count } = effect;
      const { samples, hash } = this.model.schedule.step(step);
      const nonFinite = step === this.nonFiniteAt ? 'the gradient of 3:dense/kernel' : null;
      this.#computing.push(() => {
        this.tell({
          kind: 'computed-whole',
          step,
          lineage,
          row: {
            node: { first: 0, end: count },
            tally: { samples: samples - this.samplesLost, correct: 1, hash },
            segments: [{ checksum: step, payload: null }],
          },
          gradient: { digest: `g${step}`, lossBits: 0, nonFinite },
          millis: 1,
        });
      });
    }
  }
}

t.test('With one worker a step is one event: apply, then compute the next', (t) => {
  const pair = new Pair(7).run();
  const steps = pair.done.filter((line) => line.startsWith('computed-whole'));
  t.strictSame(
    steps,
    [...Array.from({ length: 6 }, () => 'computed-whole: apply compute'), 'computed-whole: apply'],
    'the grant is there before it is needed',
  );
  const captures = pair.done.filter((line) => line.includes('capture'));
  t.equal(captures.length, 3, 'after 3 and 6 steps, and at the end');
  t.strictSame(pair.recorded, [0, 1, 2, 3, 4, 5, 6]);
  t.equal(pair.coordinator.stored.applied, 7);
  t.strictSame(pair.end, { kind: 'exit', failure: null });
  t.end();
});

t.test('A value that is not finite stops the run before the update, and is named', (t) => {
  const pair = new Pair(7, 4).run();
  t.equal(pair.member.position?.applied, 4, 'step 4 was not applied');
  t.equal(pair.end?.kind === 'exit' && pair.end.failure?.code, 'STEP_NOT_FINITE');
  t.match(pair.coordinator.failure?.message, /Step 5: the gradient of 3:dense\/kernel/);
  t.equal(pair.coordinator.failure?.where['worker'], 'w');
  t.end();
});

t.test('A sum that lacks a sample stops the run before the update', (t) => {
  const pair = new Pair(3, -1, 1).run();
  t.equal(pair.end?.kind === 'exit' && pair.end.failure?.code, 'PROTOCOL_PROOF');
  t.match(pair.coordinator.failure?.message, /Step 1 sums up 13 samples .* the epoch plan has 14/);
  t.equal(pair.member.position?.applied, 0);
  t.end();
});

t.test('The machines cost a step little', (t) => {
  const began = performance.now();
  new Pair(2000).run();
  const micros = ((performance.now() - began) * 1000) / 2000;
  t.comment(`${micros.toFixed(0)} µs a step, both machines`);
  t.ok(micros < 2000);
  t.end();
});
