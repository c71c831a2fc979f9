import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import t from 'tap';
import { cli, cliCommand, startProcess } from '../support/cli-process.js';
import { realImages, writeImages } from '../support/small-runs.js';

// What --slurm and --kubernetes print is taken by who is to read it.
t.setTimeout(300_000);
const VALIDATOR = 'kubernetes-validate==1.37.0';

function validator(): string {
  const folder = resolve('.cache/kubernetes-validate');
  const program = join(folder, 'bin/kubernetes-validate');
  if (existsSync(program)) return program;
  const run = (command: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new TypeError(`${command} ${args.join(' ')}: ${stderr}`);
  };
  run('python3', '-m', 'venv', folder);
  run(join(folder, 'bin/pip'), 'install', '--quiet', VALIDATOR);
  return program;
}

t.test('the manifests are what Kubernetes takes, strictly', async (t) => {
  const { status, stdout } = await cli(['launch', 'cluster.example.json', '--kubernetes']);
  t.equal(status, 0);
  const file = join(t.testdir(), 'manifests.yaml');
  const check = (text: string) => {
    writeFileSync(file, text);
    return spawnSync(validator(), ['--strict', file], { encoding: 'utf8' });
  };
  const good = check(stdout);
  t.equal(good.status, 0, good.stderr);
  t.match(good.stderr + good.stdout, 'job/lockstep');
  t.not(check(stdout.replace('completionMode', 'completionMood')).status, 0, 'it looks at names');
  t.match(stdout, 'clusterIP: None');
  t.match(stdout, 'secretName: lockstep-token');
});

// srun's part is played by a stand-in: tasks as processes of this machine.
t.test('the sbatch script trains to the weights of one thread', async (t) => {
  const folder = t.testdir();
  const data = await writeImages(join(folder, 'data'), await realImages(300, 60));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const srun = `#!/bin/bash
while [ "$1" != sh ]; do shift; done
for i in 0 1; do SLURM_PROCID=$i "$@" & done
wait
`;
  writeFileSync(join(bin, 'srun'), srun, { mode: 0o755 });
  // Names of this machine need not resolve.
  writeFileSync(join(bin, 'hostname'), '#!/bin/sh\necho 127.0.0.1\n', { mode: 0o755 });
  const PATH = [bin, process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH, LOCKSTEP_CACHE: join(folder, 'cache') };
  const train = { model: 'lenet5', data, batchSize: 64, microBatch: 8, steps: 8, json: true };
  const port = 20_000 + (process.pid % 10_000);
  const cluster = {
    coordinator: { listen: `0.0.0.0:${port}` },
    workers: [{ threads: 1 }, { threads: 1 }],
    ssh: { command: cliCommand },
    train: { ...train, out: join(folder, 'run') },
  };
  const file = join(folder, 'cluster.json');
  writeFileSync(file, JSON.stringify(cluster));
  const script = join(folder, 'job.sh');
  writeFileSync(script, (await cli(['launch', file, '--slurm'], { env })).stdout);
  const job = await startProcess('bash', [script], { env }).ended;
  t.equal(job.status, 0, job.stderr);
  const config = join(folder, 'alone.json');
  writeFileSync(config, JSON.stringify({ ...train, threads: 1, out: join(folder, 'alone') }));
  const alone = await cli(['train', config], { env });
  const digest = (text: string): string | undefined => /"weightsDigest": "(\w+)"/.exec(text)?.[1];
  t.ok(digest(alone.stdout));
  t.equal(digest(job.stdout), digest(alone.stdout));
});
