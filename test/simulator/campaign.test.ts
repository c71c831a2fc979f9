import t from 'tap';
import { explain, judge } from './judge.js';
import { chaos } from './scenario.js';

/**
 * Thousands of schedules of crashes, losses, delays, partitions, joins, stops and old folders. Each
 * must end with the bits of the undisturbed run. LOCKSTEP_SCHEDULES and LOCKSTEP_SEED ask for more,
 * or for others; a broken schedule is seen again with its seed alone.
 */
t.setTimeout(0); // as many as asked for; a run that does not end is noticed by the simulation

const first = Number(process.env['LOCKSTEP_SEED'] ?? 1);
const count = Number(process.env['LOCKSTEP_SCHEDULES'] ?? 2000);

t.test(`Schedules ${first} to ${first + count - 1} end with the undisturbed bits`, (t) => {
  const seen: Record<string, number> = {};
  const see = (counts: object): void => {
    for (const [what, times] of Object.entries(counts)) {
      seen[what] = (seen[what] ?? 0) + Number(times);
    }
  };
  for (let seed = first; seed < first + count; seed++) {
    const scenario = chaos(seed);
    const judgement = judge(scenario);
    if (judgement.violation !== null) t.fail(explain(scenario, judgement));
    const { outcome, resumed } = judgement;
    if (outcome === null) continue;
    see({ resumed, removed: outcome.removed, ...outcome.counters, ...outcome.seen });
  }
  t.comment(JSON.stringify(seen));
  for (const [what, times] of Object.entries(seen)) {
    t.ok(times > 0 || count < 200, `some schedule had ${what}`);
  }
  t.end();
});
