/** Slurm and munge from Debian, installed on this machine. */
import { execFileSync, spawnSync } from 'node:child_process';

const PACKAGES = ['slurm-wlm', 'slurm-wlm-basic-plugins', 'munge'];
const PROGRAMS = ['slurmctld', 'slurmd', 'sbatch', 'srun', 'munged'];

/** Does nothing where it is there. Throws what apt says where it cannot be had. */
export function installSlurm() {
  const isThere = (program) => spawnSync(program, ['--version']).status === 0;
  // Slurm's programs know -V only.
  const present = (program) => isThere(program) || spawnSync(program, ['-V']).status === 0;
  if (PROGRAMS.every(present)) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => execFileSync('apt-get', ['-qq', ...args], { env, stdio: 'pipe' });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...PACKAGES);
}
