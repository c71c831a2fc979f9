import type { Cluster } from './read-cluster.js';
import { fileFlags, fixedPort, quoted, workerFlags } from './script-words.js';

const TLS_COMMENT = `# The certificate must hold the name lockstep-0.lockstep; ca.crt is the authority that signed it.
#   kubectl create secret generic lockstep-tls --from-file=tls.crt --from-file=tls.key --from-file=ca.crt
`;

/** Manifests for the same run: an Indexed Job whose index 0 coordinates, the others work. */
export function kubernetesManifests(cluster: Cluster, image: string): string {
  const { workers, coordinator, train, ssh } = cluster;
  // The run folder lies on the volume.
  const rest = { ...train };
  delete rest.out;
  delete rest.resume;
  const port = fixedPort(coordinator.listen);
  const { tlsCert, tlsCa } = coordinator;
  // Where the Secret is mounted.
  const tls = {
    'tls-cert': tlsCert && '/tls/tls.crt',
    'tls-key': tlsCert && '/tls/tls.key',
  };
  const ca = { 'tls-ca': tlsCert && tlsCa && '/tls/ca.crt' };
  const scheme = tlsCert === null ? 'ws' : 'wss';
  const hasTls = tlsCert !== null;
  const cases = workers.map(
    (worker, i) => `${i + 1}) set -- ${workerFlags(worker).map(quoted).join(' ')} ;;`,
  );
  const script = [
    'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then',
    'if [ -e /runs/run/config.json ]; then set -- --resume /runs/run',
    'else set -- /config/train.json --out /runs/run; fi',
    `exec ${ssh.command} coordinator "$@" --listen 0.0.0.0:${port} --token-file /token/token --min-workers ${coordinator.minWorkers} --expect-workers ${workers.length} --wait ${coordinator.waitSeconds}${fileFlags(tls)}`,
    'fi',
    'case "$JOB_COMPLETION_INDEX" in',
    ...cases,
    'esac',
    `exec ${ssh.command} worker --join ${scheme}://lockstep-0.lockstep:${port} --token-file /token/token --wait 300${fileFlags(ca)} "$@"`,
  ].join('\n');
  const pods = workers.length + 1;
  return `# Before: a Secret with the token, and a PersistentVolumeClaim "lockstep-runs" for the run folder.
#   (umask 077; openssl rand -hex 32 >token)
#   kubectl create secret generic lockstep-token --from-file=token
${hasTls ? TLS_COMMENT : ''}# A node is lost: its workers are removed from the run, the others share its work, the weights stay
# the same to the bit; the Job starts another pod of that index, which joins. If it had the
# coordinator, the new one resumes from the last checkpoint.
# Pre-emption and draining: SIGTERM. A worker leaves, the coordinator writes a checkpoint; such ends
# do not count against backoffLimit.
apiVersion: v1
kind: ConfigMap
metadata:
  name: lockstep-config
data:
  train.json: ${JSON.stringify(JSON.stringify(rest))}
---
apiVersion: v1
kind: Service
metadata:
  name: lockstep
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    job-name: lockstep
  ports:
    - name: join
      port: ${port}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: lockstep
spec:
  completionMode: Indexed
  completions: ${pods}
  parallelism: ${pods}
  backoffLimit: ${workers.length * cluster.restarts.atMost}
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
  template:
    spec:
      subdomain: lockstep
      restartPolicy: Never
      terminationGracePeriodSeconds: 120
      containers:
        - name: lockstep
          image: ${JSON.stringify(image)}
          command: ["sh", "-c", ${JSON.stringify(script)}]
          env:
            - name: LOCKSTEP_CACHE
              value: /tmp/lockstep-cache
          volumeMounts:
            - { name: config, mountPath: /config, readOnly: true }
            - { name: token, mountPath: /token, readOnly: true }
            - { name: runs, mountPath: /runs }
${hasTls ? '            - { name: tls, mountPath: /tls, readOnly: true }\n' : ''}      volumes:
        - name: config
          configMap: { name: lockstep-config }
        - name: token
          secret: { secretName: lockstep-token, defaultMode: 256 }
        - name: runs
          persistentVolumeClaim: { claimName: lockstep-runs }
${hasTls ? '        - name: tls\n          secret: { secretName: lockstep-tls, defaultMode: 256 }\n' : ''}`;
}
