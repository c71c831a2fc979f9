/**
 * Two hosts as network namespaces, joined by a line. Needs root, and `ip` and `tc` (Debian:
 * iproute2). The kernels of small machines often lack netem: a delay is made by delay_line.py.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { benchmark } from './places.mjs';

const run = (command) => {
  const [program, ...args] = command.split(' ');
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
};

export class TwoHosts {
  #names = ['a', 'b'].map((letter) => `lockstep-bench-${process.pid}-${letter}`);
  #device = 'eth0';
  #delay = null;

  constructor() {
    for (const name of this.#names) {
      run(`ip netns add ${name}`);
      run(`ip -n ${name} link set lo up`);
    }
    const [a, b] = this.#names;
    run(`ip link add eth0 netns ${a} type veth peer name eth0 netns ${b}`);
    this.#setUp();
  }

  /** The hosts on the present line: the words that run a command there, address, interface. */
  get hosts() {
    return this.#names.map((name, host) => ({
      command: ['ip', 'netns', 'exec', name],
      address: this.#address(host),
      interface: this.#device,
    }));
  }

  /**
   * Makes the line between them another, both ways.
   * @param {{ megabits: number | null, delayMillis: number }} line `megabits` a second; null: as many
   *   as the machine can. `delayMillis`: there and back.
   */
  async become({ megabits, delayMillis }) {
    this.#delay?.kill('SIGKILL');
    this.#delay = null;
    this.#device = 'eth0';
    if (delayMillis > 0) {
      this.#device = 'line0';
      const args = [benchmark('lib/delay_line.py'), ...this.#names, 'line0', `${delayMillis / 2}`];
      this.#delay = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(this.#delay.stdout, 'data');
      this.#setUp();
    }
    for (const name of this.#names) {
      const tc = (words) => run(`ip netns exec ${name} tc qdisc ${words}`);
      const queue =
        megabits === null ? 'pfifo' : `tbf rate ${megabits}mbit burst 256kb latency 200ms`;
      tc(`replace dev ${this.#device} root ${queue}`);
    }
  }

  /** Bytes that have gone over the line, both ways. */
  bytes() {
    const [name] = this.#names;
    const file = `/sys/class/net/${this.#device}/statistics`;
    const of = (way) => Number(run(`ip netns exec ${name} cat ${file}/${way}_bytes`));
    return of('tx') + of('rx');
  }

  remove() {
    this.#delay?.kill('SIGKILL');
    for (const name of this.#names) run(`ip netns delete ${name}`);
  }

  #address(host) {
    return `10.${this.#device === 'eth0' ? 7 : 8}.0.${host + 1}`;
  }

  #setUp() {
    this.#names.forEach((name, host) => {
      run(`ip -n ${name} address add ${this.#address(host)}/24 dev ${this.#device}`);
      run(`ip -n ${name} link set ${this.#device} mtu ${MTU} up`);
    });
  }
}

/** Large packets, as network cards that cut them up themselves have them. */
const MTU = 65000;

/** null: this user may make such hosts. */
export function whyNoHosts() {
  if (process.getuid() !== 0) return 'it needs root';
  try {
    run('tc -V');
    run('ip netns list');
    return null;
  } catch (error) {
    return error.message;
  }
}
