import { appendFileSync } from 'node:fs';
import t from 'tap';
import { randomOf, testRandom } from '../../support/random.js';
import { referenceRun } from '../reference-run.js';
import { runSchedule, type JudgedStrike } from './campaign.js';
import { CELLS, nameOf, tableOf } from './cells.js';
import { scheduleOf } from './schedule.js';
import { ToDo } from './to-do.js';

// Random faults at named points of real clusters: each schedule has one of a cell of the table, and
// others beside it. Seed and cell of each are printed: they run it again.
//   CAMPAIGN_SCHEDULES  how many; `all`: until no cell is empty
//   CAMPAIGN_JOBS       how many at a time
//   CAMPAIGN_CELL       the cell of the first, by its name; TEST_SEED is its seed
//   CAMPAIGN_REPORT     a file for a line of JSON each; the table goes beside it, as .md
const { CAMPAIGN_SCHEDULES = '4', CAMPAIGN_JOBS = '2', CAMPAIGN_REPORT: report } = process.env;
const all = CAMPAIGN_SCHEDULES === 'all';
const most = all ? 3 * CELLS.length : Number(CAMPAIGN_SCHEDULES);
t.setTimeout(most * 300_000);

const reference = await referenceRun(t);
const random = testRandom('campaign');
const toDo = new ToDo(CELLS, random, process.env['CAMPAIGN_CELL'] ?? null);
const strikes: JudgedStrike[] = [];
let begun = 0;

async function work(): Promise<void> {
  for (;;) {
    const cell = begun < most ? toDo.next() : null;
    if (cell === null) return;
    const number = begun++;
    const seed = (random.seed + number) >>> 0;
    const again = `TEST_SEED=${String(seed)} CAMPAIGN_CELL='${nameOf(cell)}'`;
    process.stderr.write(`# schedule ${String(number + 1)}: ${again}\n`);
    const schedule = scheduleOf(randomOf(seed), cell);
    const verdict = await runSchedule(reference, schedule, `campaign-${String(number)}`);
    strikes.push(...verdict.struck);
    toDo.done(cell, verdict.struck);
    if (report !== undefined) {
      const line = { seed, cell: nameOf(cell), ...verdict, schedule };
      appendFileSync(report, `${JSON.stringify(line)}\n`);
    }
    const struck = verdict.struck.map((strike) => `${strike.who} ${strike.place} ${strike.does}`);
    t.equal(verdict.complaint, null, `${again}: ${struck.join(', ') || 'nothing struck'}`);
  }
}
await Promise.all(Array.from({ length: Number(CAMPAIGN_JOBS) }, work));

const recovered = strikes.flatMap(({ secondsToStep }) => secondsToStep ?? []).sort((a, b) => a - b);
const inRecovery = strikes.filter((strike) => strike.inRecovery).length;
const summary =
  `${String(begun)} schedules, ${String(strikes.length)} faults, ${String(inRecovery)} of them ` +
  `before the run had recovered from another; from fault to next step: median ` +
  `${recovered[recovered.length >> 1]?.toFixed(1) ?? '?'} s, worst ${recovered.at(-1)?.toFixed(1) ?? '?'} s`;
t.comment(summary);
if (report !== undefined) {
  const { empty } = toDo;
  const said =
    empty.length === 0 ? 'No cell is empty.' : `${String(empty.length)} cells are empty.`;
  appendFileSync(`${report}.md`, `${summary}. ${said}\n\n${tableOf(toDo.counts)}`);
}
if (all) t.strictSame(toDo.empty, [], 'no cell of the table is empty');
