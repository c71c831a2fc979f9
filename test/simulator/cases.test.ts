import t from 'tap';
import { explain, judge } from './judge.js';
import { COORDINATOR_POINTS, quiet, type Crash, type Scenario } from './scenario.js';
import { Simulation, type Outcome } from './simulation.js';

/** The cases of the protocol, one by one, each at every moment at which it can happen. */
t.setTimeout(300_000);

const EVERY = Array.from({ length: 40 }, (_, i) => i + 1);

interface Asserts {
  fail(message: string): unknown;
  equal(got: unknown, expected: unknown, message: string): unknown;
}

/** Runs all scenarios; each must end with the undisturbed bits. */
function allEndWell(t: Asserts, scenarios: readonly Scenario[]): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  let ended = 0;
  for (const scenario of scenarios) {
    const judgement = judge(scenario);
    if (judgement.violation !== null) t.fail(explain(scenario, judgement));
    else ended++;
    if (judgement.outcome !== null) outcomes.push(judgement.outcome);
  }
  t.equal(ended, scenarios.length, 'all end with the undisturbed bits');
  return outcomes;
}

function sum(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0);
}

function crash(
  role: Crash['role'],
  point: string,
  nth: number,
  changes: Partial<Crash> = {},
): Crash {
  return { role, point, nth, restartAfter: 100, staleBy: 0, ...changes };
}

t.test('An undisturbed run gives the same bits for any number of workers and segments', (t) => {
  const scenarios = [1, 2, 3, 4, 5].flatMap((workers) =>
    [1, 2, 5].map((segments) => quiet(1, { workers, segments, loaded: workers % 2 === 0 })),
  );
  const outcomes = allEndWell(t, scenarios);
  const digests = new Set(outcomes.map(({ folder }) => folder.synced.summary?.digest));
  t.equal(digests.size, 1, 'one digest');
  t.equal(
    sum(outcomes, ({ removed }) => removed),
    0,
    'nobody is removed',
  );
  t.end();
});

t.test(
  'A worker that dies after part of its all-gather: the rest fetch the sum, or redo it',
  (t) => {
    const outcomes = allEndWell(
      t,
      EVERY.flatMap((nth) =>
        [null, 100].map((restartAfter, i) =>
          quiet(nth, {
            segments: 1 + 2 * i,
            crashes: [crash('worker', 'after send:piece', nth, { restartAfter })],
          }),
        ),
      ),
    );
    t.ok(sum(outcomes, ({ seen }) => seen.fetched) > 0, 'some fetched');
    t.ok(sum(outcomes, ({ seen }) => seen.redone) > 0, 'some redid');
    t.end();
  },
);

t.test('A coordinator that dies between two sends of a grant: whoever has it waits', (t) => {
  allEndWell(
    t,
    EVERY.map((nth) => quiet(nth, { crashes: [crash('coordinator', 'after send:orders', nth)] })),
  );
  t.end();
});

t.test('A coordinator that comes back with an old folder adopts the state of the workers', (t) => {
  const outcomes = allEndWell(
    t,
    EVERY.slice(10).map((nth) =>
      quiet(nth, {
        crashes: [crash('coordinator', 'after send:orders', nth, { staleBy: 60 })],
      }),
    ),
  );
  t.ok(sum(outcomes, ({ seen }) => seen.adopted) > 0, 'some went on from the workers');
  for (const { folder } of outcomes) {
    t.equal(folder.synced.metrics.length, 6, 'the missing lines came from the workers');
  }
  t.end();
});

t.test('A worker that was taken for dead comes back, is refused, and joins anew', (t) => {
  const outcomes = allEndWell(
    t,
    [10, 20, 30, 40, 50].map((from) =>
      quiet(from, {
        freezes: [{ name: 'w1', from, until: from + 400, kind: 'process' }],
        model: { ...quiet(1).model, steps: 40 },
      }),
    ),
  );
  t.ok(
    outcomes.every(({ removed }) => removed >= 1),
    'it was removed',
  );
  t.ok(
    outcomes.every(({ seen }) => seen.learnt >= 1),
    'it took a snapshot',
  );
  t.end();
});

t.test('A worker whose threads hang while it answers is removed', (t) => {
  const freeze = { name: 'w1', from: 20, until: 50_000, kind: 'threads' } as const;
  const outcomes = allEndWell(t, [quiet(1, { freezes: [freeze] })]);
  t.ok(outcomes.every(({ removed }) => removed >= 1));
  t.end();
});

t.test('Two workers that cannot reach each other are relayed, and nobody is removed', (t) => {
  const outcomes = allEndWell(
    t,
    [0, 30, 60].map((from) => quiet(from, { cuts: [{ a: 'w0', b: 'w1', from, until: Infinity }] })),
  );
  t.ok(
    outcomes.every(({ seen, removed }) => seen.relayed > 0 && removed === 0),
    'relayed, not removed',
  );
  t.end();
});

t.test('Two workers that can reach each other again are relayed no longer', (t) => {
  const cuts = [{ a: 'w0', b: 'w1', from: 0, until: 400 }];
  const calm = quiet(1, { cuts });
  const scenario = { ...calm, model: { ...calm.model, steps: 60 } };
  const simulation = new Simulation(scenario);
  const { failure, millis, removed } = simulation.run();
  t.equal(failure, null);
  t.equal(removed, 0);
  const { lastRelayedAt } = simulation;
  t.ok(lastRelayedAt > 0, 'they were relayed');
  t.ok(lastRelayedAt < millis - 300, `until ${lastRelayedAt} of ${millis} ms`);
  t.end();
});

t.test('A worker that joins, during a redo too, learns and becomes a member', (t) => {
  const outcomes = allEndWell(
    t,
    EVERY.slice(0, 30).map((nth) =>
      quiet(nth, {
        joins: [40 + nth * 10],
        crashes: [crash('worker', 'after send:piece', 8, { restartAfter: null })],
        model: { ...quiet(1).model, steps: 20 },
      }),
    ),
  );
  t.ok(sum(outcomes, ({ seen }) => seen.learnt) >= 20);
  t.end();
});

t.test(
  'An evaluation loses nothing but the pieces of a lost worker, and counts none twice',
  (t) => {
    const points = [
      'before evaluate',
      'after evaluate',
      'before send:evaluated',
      'after send:evaluated',
    ];
    allEndWell(
      t,
      points.flatMap((point) =>
        [1, 2, 3, 4].flatMap((nth) =>
          [0, 0.3].map((duplicate) =>
            quiet(nth, {
              crashes: [crash('worker', point, nth, { restartAfter: null })],
              network: {
                maxDelay: 10,
                loss: duplicate,
                duplicate,
                corrupt: 0,
                stray: 0,
                until: 900,
              },
            }),
          ),
        ),
      ),
    );
    t.end();
  },
);

t.test('At the last step, workers leave only after the summary is synced', (t) => {
  // The simulation itself refuses a worker that leaves earlier.
  const points = ['before summary', 'after summary', 'before store:rename', 'after store:rename'];
  allEndWell(
    t,
    points.flatMap((point) =>
      [1, 2, 3, 4].map((nth) => quiet(nth, { crashes: [crash('coordinator', point, nth)] })),
    ),
  );
  allEndWell(
    t,
    [1, 2, 3].map((nth) =>
      quiet(nth, { crashes: [crash('worker', 'leave', nth, { restartAfter: null })] }),
    ),
  );
  t.end();
});

t.test('A checkpoint is whole or not there, wherever the coordinator dies', (t) => {
  const outcomes = allEndWell(
    t,
    COORDINATOR_POINTS.flatMap((point) =>
      [1, 2].map((nth) => quiet(nth, { crashes: [crash('coordinator', point, nth)] })),
    ),
  );
  t.ok(outcomes.length > 0);
  t.end();
});

t.test('A checkpoint survives the worker that was to write it', (t) => {
  allEndWell(
    t,
    ['before capture', 'after capture'].flatMap((point) =>
      [1, 2, 3, 4, 5].map((nth) => quiet(nth, { crashes: [crash('worker', point, nth)] })),
    ),
  );
  t.end();
});

t.test('Below the fewest workers the run ends, after a while, and can be resumed', (t) => {
  for (const deaths of [1, 2]) {
    const crashes = Array.from({ length: deaths }, (_, i) =>
      crash('worker', 'after apply', 4 + i, { restartAfter: null }),
    );
    const scenario = quiet(deaths, { workers: 2, minWorkers: 2, crashes });
    const judgement = judge(scenario);
    t.equal(judgement.violation, null, explain(scenario, judgement));
    t.ok(judgement.resumed, 'ended, and was resumed');
    t.match(judgement.trace.join('\n'), /RUN_TOO_FEW_WORKERS/);
  }
  t.end();
});

t.test('A run that is stopped ends after the step, with a checkpoint, and can be resumed', (t) => {
  for (const stopAt of [5, 20, 40, 60, 80, 100, 120]) {
    for (const workers of [1, 3]) {
      const scenario = quiet(stopAt, {
        workers,
        stopAt,
        model: { ...quiet(1).model, steps: 20 },
      });
      const judgement = judge(scenario);
      t.equal(judgement.violation, null, explain(scenario, judgement));
      t.ok(judgement.resumed);
    }
  }
  t.end();
});

t.test('A coordinator that was replaced while it slept is deposed by the workers', (t) => {
  const outcomes = allEndWell(
    t,
    [20, 40, 60, 80].map((at) =>
      quiet(at, {
        takeover: { at, wakesAt: at + 150 },
        model: { ...quiet(1).model, steps: 40 },
      }),
    ),
  );
  t.ok(
    outcomes.every(({ seen }) => seen.deposed >= 1),
    'each was told so',
  );
  t.end();
});
