import { spawnSync } from 'node:child_process';
import t from 'tap';
import { parseCluster } from '#src/local/launch/read-cluster.js';
import { slurmScript } from '#src/local/launch/slurm-script.js';

t.test('the sbatch script parses, whatever is in the paths', (t) => {
  const workers = [{ host: 'a', threads: 4 }, { host: 'b', threads: 2 }, { host: 'b' }];
  const cluster = parseCluster({ workers, train: { out: "it's $here", epochs: 2 } }, '/tmp');
  const script = slurmScript(cluster);
  const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
  t.equal(checked.status, 0, checked.stderr);
  for (const line of ['nodes=2', 'ntasks=3', 'ntasks-per-node=2', 'cpus-per-task=4']) {
    t.match(script, `#SBATCH --${line}\n`);
  }
  t.match(script, `run='/tmp/it'\\''s $here'`);
  t.end();
});
