#!/usr/bin/env node
/**
 * npm run bench [-- --quick] [-- --only NAME[,NAME…] | --profile]
 *
 * Measures Lockstep against its rivals on this machine, and writes <name>.json and the tables
 * of README.md in benchmarks/results/<processor>/. `r1` and `race` train to the end, over and over, for
 * half an hour each: they run when they are named. `--profile` is short for `--only profile`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { prepareData } from './lib/data.mjs';
import { benchmark } from './lib/places.mjs';
import { machine, versions, writeResult } from './lib/record.mjs';
import { writeReport } from './lib/report.mjs';
import { SUITES } from './lib/suites.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const names = values.profile
  ? ['profile']
  : (values.only?.split(',') ?? Object.keys(SUITES).filter((name) => !SUITES[name].isLong));
const unknown = names.filter((name) => !(name in SUITES));
if (values.help || unknown.length > 0) {
  const problem = unknown.length > 0 ? `There is no benchmark ${unknown.join(', ')}.\n` : '';
  const usage = 'npm run bench [-- --quick] [-- --only NAME[,NAME…] | --profile]';
  process.stderr.write(`${problem}${usage}\nNames: ${Object.keys(SUITES).join(', ')}\n`);
  process.exit(values.help ? 0 : 2);
}

if (names.some((name) => SUITES[name].needsPyTorch)) {
  const keras = names.some((name) => SUITES[name].needsKeras) ? ['--keras'] : [];
  const { status } = spawnSync(process.execPath, [benchmark('install-rivals.mjs'), ...keras], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}
await prepareData();
for (const name of names) {
  const suite = await SUITES[name].load();
  process.stderr.write(`${name}: ${suite.title}\n`);
  const started = {
    date: new Date().toISOString(),
    machine: await machine(),
    versions: versions(),
  };
  const say = (text) => process.stderr.write(`  ${text}\n`);
  const figures = await suite.run({ quick: values.quick, say });
  writeResult(name, { name, title: suite.title, quick: values.quick, ...started, ...figures });
  await writeReport();
}
