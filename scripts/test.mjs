/**
 * Runs the tests and closes with `N passed, N failed, N skipped`, counted by tap, assertion by
 * assertion. Everything that they need is installed here first, below .cache/.
 *
 *   node scripts/test.mjs               all
 *   node scripts/test.mjs --unit        those that take seconds
 *   node scripts/test.mjs --no-build    what was built last
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { commandOf, node, ROOT } from './run.mjs';

/** Folders of tests that take long: processes, threads, whole runs. */
const SLOW = [
  'cluster',
  'engine-install',
  'faults',
  'golden',
  'local',
  'parity',
  'simulator',
  'slurm',
  'tensorflow',
];
const SLOW_FILES = [
  /wasm\/(models|fuzz|gradients|finite-differences|twin|teams)\.test\.js$/,
  /threads\/teams\.test\.js$/,
  /data\/(fetch-fashion-mnist|download|load-dataset)\.test\.js$/,
  /^docs\.test\.js$/,
  /^recipes\//,
  /samples\/read-ahead\.test\.js$/,
];
/** Of them, those that time things, need the machine's only one of something, or use all of it. */
const ALONE = [
  /^cluster\/(hosts|unequal|many-workers|timeline)\.test\.js$/,
  /^cluster\/campaign\//,
  /^(engine-install|slurm|tensorflow)\//,
  /^simulator\/cost/,
  /^worker\/threads\/segments\.test\.js$/,
];

const only = (flag) => process.argv.includes(flag);

function testFiles() {
  // A source that was deleted may have left its output: what counts are the sources.
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace(/ts$/, 'js'))
    .sort();
  const fits = (file, patterns) => patterns.some((pattern) => pattern.test(file));
  const groupOf = (file) => {
    if (fits(file, ALONE)) return 'alone';
    return SLOW.includes(file.split('/')[0]) || fits(file, SLOW_FILES) ? 'slow' : 'quick';
  };
  const group = (name) =>
    files.filter((file) => groupOf(file) === name).map((file) => join('build/test', file));
  return { quick: group('quick'), slow: group('slow'), alone: group('alone') };
}

/** Seconds that each file took. */
const seconds = new Map();

/** Runs files under tap; returns its counts. */
async function tap(files, jobs) {
  const args = [commandOf('tap'), 'run', '--reporter=tap', `--jobs=${jobs}`, ...files];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const counts = { pass: 0, fail: 0, skip: 0, todo: 0 };
  let summary = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (/^(ok|not ok) /.test(line) || /^\s*not ok /.test(line)) console.log(line);
    else if (!/^\s*ok /.test(line) && !/^\s*(# (Subtest|time)|\d+\.\.\d+|[{}]?$)/.test(line)) {
      console.log(line);
    }
    if (/^# \{ total: /.test(line)) summary = line;
    const file = /^(?:not )?ok \d+ - (build\S+) # time=([\d.]+)ms/.exec(line);
    if (file !== null) seconds.set(file[1], Number(file[2]) / 1000);
  }
  const status = await ended;
  for (const key of Object.keys(counts)) {
    counts[key] = Number(
      new RegExp(`\\b${key}: ([\\d,]+)`).exec(summary)?.[1].replace(/,/g, '') ?? 0,
    );
  }
  // A file that crashes before its first assertion is a failure that tap may not have counted.
  if (status !== 0 && counts.fail === 0) counts.fail = 1;
  if (summary === '') counts.fail = Math.max(1, counts.fail);
  return counts;
}

if (!only('--no-build')) node(['scripts/build.mjs', '--tests']);
const { quick, slow, alone } = testFiles();
const began = performance.now();
const totals = { pass: 0, fail: 0, skip: 0, todo: 0 };
const add = (counts) => {
  for (const key of Object.keys(totals)) totals[key] += counts[key];
};
add(await tap(quick, availableParallelism()));
if (!only('--unit')) {
  // Engines and browsers for the slow tests. What cannot be had is a failure, said here.
  const args = ['scripts/install-test-peers.mjs'];
  const stdio = ['ignore', 'ignore', 'inherit'];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio });
  if (status !== 0) totals.fail += 1;
  add(await tap(slow, Math.min(2, availableParallelism())));
  add(await tap(alone, 1));
}
const slowest = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, 12);
for (const [file, took] of slowest) console.log(`${took.toFixed(1).padStart(6)} s  ${file}`);
console.log(`${Math.round((performance.now() - began) / 1000)} s`);
console.log(`${totals.pass} passed, ${totals.fail} failed, ${totals.skip + totals.todo} skipped`);
process.exit(totals.fail === 0 ? 0 : 1);
