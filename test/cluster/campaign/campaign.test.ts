import { appendFileSync } from 'node:fs';
import t from 'tap';
import { testRandom } from '../../support/random.js';
import { referenceRun } from '../reference-run.js';
import { runSchedule, type Verdict } from './campaign.js';
import { cellOf, CELLS, nameOf, tableOf, type Cell } from './cells.js';
import { scheduleOf } from './schedule.js';

// Random faults at named points of real clusters: each schedule has one of a cell of the table, and
// others beside it. The seed of each is printed: TEST_SEED and CAMPAIGN_CELL run it again.
//   CAMPAIGN_SCHEDULES  how many; `all`: until no cell is empty
//   CAMPAIGN_CELL       the cell of the first, by its name
//   CAMPAIGN_REPORT     a file for a line of JSON each; the table goes beside it, as .md
const { CAMPAIGN_SCHEDULES = '4', CAMPAIGN_REPORT: report } = process.env;
const all = CAMPAIGN_SCHEDULES === 'all';
const most = all ? 3 * CELLS.length : Number(CAMPAIGN_SCHEDULES);
t.setTimeout(most * 300_000);

const reference = await referenceRun(t);
const verdicts: Verdict[] = [];
const counts = new Map<string, number>();
const random = testRandom('campaign');
const toDo = shuffled(CELLS);
const wanted = CELLS.find((cell) => nameOf(cell) === process.env['CAMPAIGN_CELL']);
if (wanted) toDo.unshift(wanted);
for (let i = 0; i < most && toDo.length > 0; i++) {
  const seed = random.seed + i;
  process.env['TEST_SEED'] = String(seed);
  const cell = toDo.shift()!;
  const again = `TEST_SEED=${String(seed)} CAMPAIGN_CELL='${nameOf(cell)}'`;
  process.stderr.write(`# ${again}\n`);
  const schedule = scheduleOf(testRandom(`schedule ${String(i + 1)}`), cell);
  const verdict = await runSchedule(reference, schedule, `campaign-${String(i)}-${String(seed)}`);
  verdicts.push(verdict);
  for (const strike of verdict.struck) {
    const name = cellOf(strike);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (let k = toDo.length - 1; k >= 0; k--) if (counts.has(nameOf(toDo[k]!))) toDo.splice(k, 1);
  // What did not come to pass is tried again, after all others.
  if (!counts.has(nameOf(cell))) toDo.push(cell);
  if (report !== undefined) {
    const line = { seed, cell: nameOf(cell), ...verdict, schedule };
    appendFileSync(report, `${JSON.stringify(line)}\n`);
  }
  const struck = verdict.struck.map((strike) => `${strike.who} ${strike.place} ${strike.does}`);
  t.equal(verdict.complaint, null, `${again}: ${struck.join(', ') || 'nothing struck'}`);
}

const strikes = verdicts.flatMap(({ struck }) => struck);
const recovered = strikes.flatMap(({ secondsToStep }) => secondsToStep ?? []).sort((a, b) => a - b);
const inRecovery = strikes.filter((strike) => strike.inRecovery).length;
const summary =
  `${String(verdicts.length)} schedules, ${String(strikes.length)} faults, ${String(inRecovery)} of them ` +
  `before the run had recovered from another; from fault to next step: median ` +
  `${recovered[recovered.length >> 1]?.toFixed(1) ?? '?'} s, worst ${recovered.at(-1)?.toFixed(1) ?? '?'} s`;
t.comment(summary);
if (report !== undefined) {
  const empty = toDo.length === 0 ? 'No cell is empty.' : `${String(toDo.length)} cells are empty.`;
  appendFileSync(`${report}.md`, `${summary}. ${empty}\n\n${tableOf(counts)}`);
}
if (all) t.strictSame(toDo.map(nameOf), [], 'no cell of the table is empty');

function shuffled(cells: readonly Cell[]): Cell[] {
  const order = [...cells];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
