import t from 'tap';
import { explain, judge } from './judge.js';
import { roundedChaos } from './scenario.js';

/**
 * Runs whose rows are rounded as they travel, each time otherwise: whatever happens, all members
 * have the same weights, and the metrics are those of the way that led to them.
 */
t.setTimeout(0);

const first = Number(process.env['LOCKSTEP_SEED'] ?? 1);
const count = Number(process.env['LOCKSTEP_SCHEDULES'] ?? 600);

t.test(`Schedules ${first} to ${first + count - 1} end with one state`, (t) => {
  let redone = 0;
  let resumed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const scenario = roundedChaos(seed);
    const judgement = judge(scenario);
    if (judgement.violation !== null) t.fail(explain(scenario, judgement));
    redone += judgement.outcome?.seen.redone ?? 0;
    resumed += judgement.resumed ? 1 : 0;
  }
  t.comment(`${redone} steps were done again, ${resumed} runs resumed`);
  t.ok(redone > 0 && resumed > 0);
  t.end();
});

t.test('Values that outlive their view lead members apart', (t) => {
  const outlives = (seed: number) =>
    judge({ ...roundedChaos(seed), memberRules: { ofLineage: () => true } }).violation;
  t.ok(
    Array.from({ length: 300 }, (_, i) => i + 1).some((seed) => outlives(seed) !== null),
    'the simulator notices',
  );
  t.end();
});
