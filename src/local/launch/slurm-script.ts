import type { Cluster } from './read-cluster.js';
import { fileFlags, fixedPort, quoted, workerFlags } from './script-words.js';

/** An sbatch script for the same run: the first node coordinates, one task is one worker. */
export function slurmScript(cluster: Cluster): string {
  const { workers, coordinator, train, ssh } = cluster;
  const nodes = new Set(workers.map(({ host }) => host)).size;
  const tasks = Math.ceil(workers.length / nodes);
  const cpus = Math.max(...workers.map(({ threads }) => threads ?? 1));
  const { out, resume, ...rest } = train;
  const folder = out ?? resume;
  const port = fixedPort(coordinator.listen);
  const { tlsCert, tlsKey, tlsCa } = coordinator;
  const scheme = tlsCert === null ? 'ws' : 'wss';
  const cases = workers.map(
    (worker, i) => `  ${i}) set -- ${workerFlags(worker).map(quoted).join(' ')} ;;`,
  );
  return `#!/bin/bash
#SBATCH --job-name=lockstep
#SBATCH --nodes=${nodes}
#SBATCH --ntasks=${workers.length}
#SBATCH --ntasks-per-node=${tasks}
#SBATCH --cpus-per-task=${cpus}
#SBATCH --requeue
#SBATCH --no-kill
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
# A node is lost: its workers are removed from the run, the others share its work, the weights
# stay the same to the bit. If it was the first node, Slurm requeues the job, which says what to do:
# whether the dead node's coordinator is really gone, only you can know.
# Pre-emption, or 120 s before the time limit: TERM, which Slurm sends to this script alone or to
# all its processes. The coordinator ends after its step with a checkpoint; the workers, and srun,
# which would kill them, go on until then. A requeued job goes on from there.
# The run folder must lie on a file system that all nodes share.
set -u
umask 077
run=${folder ? quoted(folder) : '"$SLURM_SUBMIT_DIR/runs/lockstep-$SLURM_JOB_ID"'}
mkdir -p "$(dirname "$run")"
token=${coordinator.tokenFile === null ? '"$run.token"' : quoted(coordinator.tokenFile)}
[ -s "$token" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \\n' >"$token"
if [ -e "$run/config.json" ]; then
  set -- --resume "$run"
else
  cat >"$run.json" <<'CONFIG'
${JSON.stringify(rest, null, 2)}
CONFIG
  set -- "$run.json" --out "$run"
fi
${ssh.command} coordinator "$@" --listen 0.0.0.0:${port} --token-file "$token" \\
  --min-workers ${coordinator.minWorkers} --expect-workers ${workers.length} --wait ${coordinator.waitSeconds}${fileFlags({ 'tls-cert': tlsCert, 'tls-key': tlsKey })} &
coordinator=$!
trap 'kill -TERM "$coordinator" 2>/dev/null' TERM INT
export LOCKSTEP_JOIN="${scheme}://$(hostname):${port}" LOCKSTEP_TOKEN_FILE="$token"
(trap '' TERM; exec srun --no-kill --kill-on-bad-exit=0 --wait=0 sh -c '
case "$SLURM_PROCID" in
${cases.join('\n').replaceAll("'", `'\\''`)}
esac
exec ${ssh.command.replaceAll("'", `'\\''`)} worker --join "$LOCKSTEP_JOIN" --token-file "$LOCKSTEP_TOKEN_FILE"${fileFlags({ 'tls-ca': tlsCa }).replaceAll("'", `'\\''`)} --ignore-sigterm "$@"') &
workers=$!
# A signal ends a wait early: wait until the coordinator is gone.
while kill -0 "$coordinator" 2>/dev/null; do wait "$coordinator"; done
wait "$coordinator"
status=$?
# They end by themselves. For those on a node that was lost, srun would wait; Slurm ends what is left.
for i in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 "$workers" 2>/dev/null || break
  sleep 1
done
exit "$status"
`;
}
