import { explain, judge } from './judge.js';
import { chaos } from './scenario.js';

/** node campaign.js FIRST COUNT: runs schedules of misfortunes and tells of those that broke. */
const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1000);
let broken = 0;
const began = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const scenario = chaos(seed);
  const judgement = judge(scenario);
  if (judgement.violation === null) continue;
  broken++;
  if (broken <= Number(process.argv[4] ?? 5)) console.log(explain(scenario, judgement), '\n');
}
const seconds = (performance.now() - began) / 1000;
console.log(`${count} schedules in ${seconds.toFixed(1)} s, ${broken} broken`);
