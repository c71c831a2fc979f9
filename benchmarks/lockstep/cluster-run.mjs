/**
 * A cluster as its users run it, as a contender: a coordinator and workers of one thread, each on a
 * host, all of which sleep (SIGSTOP) between commands.
 *
 *   node cluster-run.mjs --hosts '[{"command": ["ip", …], "address": "10.0.0.1"}, …]' --model …
 *
 * The coordinator runs on the first, or where --coordinator says.
 *
 * The first step after a pause is not timed. A step's seconds are those of its metrics: from one
 * update of a worker's weights to the next.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cli } from '../lib/places.mjs';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string' },
    coordinator: { type: 'string' },
    model: { type: 'string' },
    batch: { type: 'string' },
    'micro-batch': { type: 'string' },
    flags: { type: 'string', default: '[]' },
  },
});
const hosts = JSON.parse(values.hosts);
const coordinatorHost = values.coordinator ? JSON.parse(values.coordinator) : hosts[0];
const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
const out = join(scratch, 'run');
const children = [];

function start(host, args) {
  const [program, ...rest] = [...host.command, process.execPath, cli, ...args];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  child.stderr.pipe(process.stderr);
  child.stdout.resume();
  return child;
}

const coordinator = start(coordinatorHost, [
  ...['coordinator', '--model', values.model, '--batch-size', values.batch],
  ...['--micro-batch', values['micro-batch'], '--epochs', '100000', '--evaluate-every', '0'],
  ...['--out', out, '--listen', `${coordinatorHost.address}:0`],
  ...['--expect-workers', String(hosts.length)],
  ...JSON.parse(values.flags),
]);
let log = '';
for (const stream of [coordinator.stderr, coordinator.stdout]) {
  stream.setEncoding('utf8').on('data', (text) => (log += text));
}
while (!log.includes('--token-file')) {
  if (coordinator.exitCode !== null) throw new Error(log);
  await after(20);
}
const url = /wss?:\/\/\S+/.exec(log)[0];
const token = ['--token-file', join(out, 'cluster-token')];
for (const host of hosts) start(host, ['worker', '--join', url, ...token, '--threads', '1']);

function steps() {
  const file = join(out, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
  return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'step');
}

async function reached(count) {
  while (steps().length < count) {
    if (coordinator.exitCode !== null) throw new Error(log);
    await after(20);
  }
}

const signal = (name) => {
  for (const child of children) child.kill(name);
};
const quit = () => {
  signal('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
  process.exit(0);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

await reached(3);
signal('SIGSTOP');
const parameters = Number(/([\d,]+) parameters/.exec(log)[1].replaceAll(',', ''));
say({ ready: true, ...values, hosts: undefined, coordinator: undefined, parameters });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'quit') break;
  const count = Number(line.split(' ')[1]);
  const before = steps().length;
  signal('SIGCONT');
  // One was under way, and one more begins before the others have stopped.
  await reached(before + count + 2);
  signal('SIGSTOP');
  const timed = steps().slice(before + 2, before + 2 + count);
  say({
    seconds: timed.reduce((sum, { stepSeconds }) => sum + stepSeconds, 0),
    samples: timed.reduce((sum, { samples }) => sum + samples, 0),
  });
}
quit();
