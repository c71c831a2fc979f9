/**
 * A Slurm of its own: a controller and three nodes, each a network namespace with a name, a hosts
 * file and a slurmd. Needs root, and what scripts/test-peers/slurm.mjs installs.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Hosts } from '../cluster/hosts.js';

export const NODES = ['n1', 'n2', 'n3'] as const;
export type NodeName = (typeof NODES)[number];
const HEAD = 'head';
const PATIENCE_MILLISECONDS = 90_000;

export class Slurm {
  /** All nodes see it, as they see every file here. */
  readonly folder = mkdtempSync('/tmp/lockstep-slurm-');
  readonly #hosts = new Hosts();
  readonly #spaces = new Map<string, string>();
  readonly #daemons: ChildProcess[] = [];
  readonly #env = { ...process.env, SLURM_CONF: join(this.folder, 'slurm.conf') };

  /** Resolves once all nodes are idle. */
  static async start(): Promise<Slurm> {
    const slurm = new Slurm();
    try {
      await slurm.#start();
    } catch (error) {
      await slurm.stop();
      throw error;
    }
    return slurm;
  }

  async #start(): Promise<void> {
    const places = [HEAD, ...NODES].map((name) => ({ ...this.#hosts.add(), label: name }));
    for (const { label, command } of places) this.#spaces.set(label, command.at(-1)!);
    const known = places.map(({ label, address }) => `${address} ${label}`);
    writeFileSync(this.#file('hosts'), `127.0.0.1 localhost\n${known.join('\n')}\n`);
    writeFileSync(this.#file('munge.key'), Buffer.alloc(128, 7), { mode: 0o400 });
    const addressOf = (name: string): string => places.find(({ label }) => label === name)!.address;
    writeFileSync(this.#file('slurm.conf'), this.#configuration(addressOf));
    this.#daemon(['munged', '--foreground', '--force', ...this.#mungePaths()]);
    await this.#until(() => spawnSync('munge', ['-n', '-S', this.#file('munge')]).status === 0);
    this.#daemon([...this.#on(HEAD), 'slurmctld', '-D', '-i']);
    for (const node of NODES) this.startNode(node);
    await this.#until(() => NODES.every((node) => this.state(node).startsWith('idle')));
  }

  /** Runs a command of Slurm's on the controller; its output. Throws TypeError where it fails. */
  run(...command: readonly string[]): string {
    const [program, ...args] = [...this.#on(HEAD), ...command];
    const options = { env: this.#env, cwd: this.folder, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(program!, args, options);
    if (status !== 0) throw new TypeError(`${command.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /** Number of a job that runs `script`. */
  submit(script: string, env: NodeJS.ProcessEnv): string {
    Object.assign(this.#env, env);
    return this.run('sbatch', '--parsable', '--output', this.#file('%j.out'), script);
  }

  state(node: NodeName): string {
    return this.run('sinfo', '-h', '-n', node, '-o', '%t');
  }

  /** What Slurm says of a job, by name. */
  job(id: string): ReadonlyMap<string, string> {
    const words = this.run('scontrol', 'show', 'job', id).split(/\s+/);
    return new Map(words.map((word) => word.split(/=(.*)/s, 2) as [string, string]));
  }

  /** What a job's script and tasks have printed. */
  output(id: string): string {
    return readFileSync(this.#file(`${id}.out`), 'utf8');
  }

  /** Resolves with the state that a job has ended in. */
  async ended(id: string): Promise<string> {
    const over = /^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|PREEMPTED)/;
    await this.#until(() => over.test(this.job(id).get('JobState') ?? ''));
    return this.job(id).get('JobState')!;
  }

  /** A power cut: every process there, its slurmd too. */
  killNode(node: NodeName): number {
    const pids = this.#pidsOn(node);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return pids.length;
  }

  startNode(node: NodeName): void {
    this.#daemon([...this.#on(node), 'slurmd', '-D', '-N', node]);
  }

  async stop(): Promise<void> {
    for (const name of this.#spaces.keys()) {
      for (const pid of this.#pidsOn(name)) process.kill(pid, 'SIGKILL');
    }
    const left = this.#daemons.filter(
      ({ exitCode, signalCode }) => (exitCode ?? signalCode) === null,
    );
    const gone = left.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of left) child.kill('SIGKILL');
    await Promise.all(gone);
    this.#hosts.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #pidsOn(name: string): number[] {
    const { stdout } = spawnSync('ip', ['netns', 'pids', this.#spaces.get(name)!], {
      encoding: 'utf8',
    });
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  /** `ip netns exec` would mount another /sys, in which slurmd finds no processors. */
  #on(name: string): string[] {
    const own = `hostname ${name} && mount --bind ${this.#file('hosts')} /etc/hosts && exec "$@"`;
    const space = `/run/netns/${this.#spaces.get(name)!}`;
    return ['nsenter', `--net=${space}`, 'unshare', '--uts', '--mount', 'sh', '-c', own, 'sh'];
  }

  #daemon([program, ...args]: readonly string[]): void {
    const stdio = ['ignore', 'ignore', 'ignore'] as const;
    this.#daemons.push(spawn(program!, args, { stdio: [...stdio], env: this.#env, cwd: '/' }));
  }

  async #until(isThere: () => boolean): Promise<void> {
    const began = performance.now();
    while (!isThere()) {
      if (performance.now() - began > PATIENCE_MILLISECONDS) {
        const log = readFileSync(this.#file('slurmctld.log'), 'utf8').split('\n').slice(-20);
        throw new TypeError(`Slurm takes too long. Its controller: ${log.join('\n')}`);
      }
      await after(200);
    }
  }

  #file(name: string): string {
    return join(this.folder, name);
  }

  #mungePaths(): string[] {
    const file = (name: string): string => this.#file(`munge${name}`);
    return [
      ...[`--socket=${file('')}`, `--key-file=${file('.key')}`, `--pid-file=${file('.pid')}`],
      ...[`--log-file=${file('.log')}`, `--seed-file=${file('.seed')}`],
    ];
  }

  #configuration(addressOf: (name: string) => string): string {
    const { folder } = this;
    const nodes = NODES.map(
      (name) => `NodeName=${name} NodeAddr=${addressOf(name)} CPUs=4 RealMemory=2000 State=UNKNOWN`,
    );
    return `ClusterName=test
SlurmctldHost=${HEAD}(${addressOf(HEAD)})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=${folder}/munge,cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=10
JobRequeue=1
SlurmdParameters=config_overrides
${nodes.join('\n')}
PartitionName=all Nodes=${NODES.join(',')} Default=YES OverSubscribe=FORCE:4 State=UP
`;
  }
}
