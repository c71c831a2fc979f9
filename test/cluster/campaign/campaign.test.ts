import { appendFileSync } from 'node:fs';
import t from 'tap';
import { testRandom } from '../../support/random.js';
import { referenceRun } from '../reference-run.js';
import { runSchedule, type Verdict } from './campaign.js';
import { scheduleOf } from './schedule.js';

// Random faults at named points of real clusters. $CAMPAIGN_SCHEDULES says how many; the seed of
// each is printed, and TEST_SEED with one schedule runs it again. $CAMPAIGN_REPORT: a file for a
// line of JSON each.
const schedules = Number(process.env['CAMPAIGN_SCHEDULES'] ?? 5);
t.setTimeout(schedules * 120_000);

const reference = await referenceRun(t);
const verdicts: Verdict[] = [];
const first = testRandom('campaign').seed;
for (let i = 0; i < schedules; i++) {
  const seed = first + i;
  process.env['TEST_SEED'] = String(seed);
  const schedule = scheduleOf(testRandom(`schedule ${String(i + 1)}`));
  const verdict = await runSchedule(reference, schedule, `campaign-${String(seed)}`);
  verdicts.push(verdict);
  const report = process.env['CAMPAIGN_REPORT'];
  if (report !== undefined) {
    appendFileSync(report, `${JSON.stringify({ seed, ...verdict, schedule })}\n`);
  }
  const what = verdict.struck.length === 0 ? 'nothing struck' : verdict.struck.join(', ');
  t.equal(verdict.complaint, null, `seed ${String(seed)}: ${what}`);
}
const gaps = verdicts.map(({ longestGap }) => longestGap).sort((a, b) => a - b);
t.comment(
  `${String(schedules)} schedules, ${String(verdicts.flatMap(({ struck }) => struck).length)} faults; ` +
    `longest time without a step: median ${gaps[gaps.length >> 1]!.toFixed(1)} s, worst ${gaps.at(-1)!.toFixed(1)} s`,
);
