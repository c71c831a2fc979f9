/**
 * Hosts as network namespaces on one bridge, each with an address of its own: 10.0.0.1, 10.0.0.2 …
 * Needs root, and `ip` and `tc` (Debian: iproute2).
 */
import { execFileSync } from 'node:child_process';
import type { Host } from './cluster.js';

export class Hosts {
  readonly #prefix = `lk${String(process.pid)}`;
  readonly #names: string[] = [];

  constructor() {
    this.#add('hub');
    this.#inside('hub', 'ip link add br0 type bridge');
    this.#inside('hub', 'ip link set br0 up');
  }

  /** A new host. */
  add(): Host & { readonly name: string } {
    const number = this.#names.length;
    const name = `h${String(number)}`;
    const address = `10.0.0.${String(number)}`;
    this.#add(name);
    const [inner, outer] = ['eth0', `p${String(number)}`];
    const [hub, host] = [this.#space('hub'), this.#space(name)];
    run(`ip link add ${outer} netns ${hub} type veth peer name ${inner} netns ${host}`);
    this.#inside('hub', `ip link set ${outer} master br0 up`);
    this.#inside(name, `ip address add ${address}/24 dev ${inner}`);
    this.#inside(name, `ip link set ${inner} up`);
    return { name, address, command: ['ip', 'netns', 'exec', host] };
  }

  /** Pulls the plug, or puts it in again: nobody is told. */
  plug(name: string, isIn: boolean): void {
    this.#inside('hub', `ip link set p${name.slice(1)} ${isIn ? 'up' : 'down'}`);
  }

  /** Lets no more through to a host, and from it, than so many bits a second. */
  shape(name: string, rate: string): void {
    const bucket = `tbf rate ${rate} burst 64kb latency 200ms`;
    this.#inside('hub', `tc qdisc replace dev p${name.slice(1)} root ${bucket}`);
    this.#inside(name, `tc qdisc replace dev eth0 root ${bucket}`);
  }

  /** Two hosts that cannot reach each other, while both reach all others. */
  part(one: Host & { name: string }, other: Host & { name: string }): void {
    this.#inside(one.name, `ip route add blackhole ${other.address}/32`);
    this.#inside(other.name, `ip route add blackhole ${one.address}/32`);
  }

  remove(): void {
    for (const name of this.#names) run(`ip netns delete ${this.#space(name)}`);
  }

  #add(name: string): void {
    run(`ip netns add ${this.#space(name)}`);
    this.#names.push(name);
    this.#inside(name, 'ip link set lo up');
  }

  #inside(name: string, command: string): void {
    run(`ip netns exec ${this.#space(name)} ${command}`);
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

function run(command: string): void {
  const [program, ...args] = command.split(' ');
  execFileSync(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
