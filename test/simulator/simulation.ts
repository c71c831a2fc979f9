import { COORDINATOR, type MemberId } from '#src/shared/protocol/names.js';
import type { Failure, Message, ToCoordinator, ToMember } from '#src/shared/protocol/messages.js';
import type { Schedule } from '#src/shared/protocol/schedule.js';
import type { MemberEffect, MemberState } from '#src/worker/machine/state.js';
import { Checker, Violation } from './checker.js';
import { RoundedChecker } from './rounded-checker.js';
import { CoordinatorNode } from './coordinator-node.js';
import { SimulatedFolder } from './folder.js';
import { corrupted, strayed } from './frames.js';
import { Model, type Oracle, type State } from './model.js';
import { VirtualClock } from './queue.js';
import { Random } from './random.js';
import type { Scenario } from './scenario.js';
import { WorkerNode } from './worker-node.js';

export interface Outcome {
  /** null: the coordinator ended well. */
  readonly failure: Failure | null;
  readonly folder: SimulatedFolder;
  /** Virtual milliseconds, and actions. */
  readonly millis: number;
  readonly actions: number;
  readonly counters: { dropped: number; duplicates: number; corrupt: number };
  readonly removed: number;
  readonly seen: Seen;
}

/** What happened, for tests that want to know that it did. */
export interface Seen {
  /** Messages that went through the coordinator. */
  relayed: number;
  /** Members that took a gradient which others had applied already. */
  fetched: number;
  /** Steps that somebody computed more of in a later view. */
  redone: number;
  /** Snapshots that a worker took. */
  learnt: number;
  /** Coordinators that went on from a state which is newer than their folder. */
  adopted: number;
  /** Coordinators that were told by the workers that their term is over. */
  deposed: number;
  /** Summaries of runs that stopped early, and of best weights that were not the last. */
  stoppedEarly: number;
  ofBest: number;
}

/** More than any run needs that gets on. */
const MOST_MILLIS = 60_000;
const MOST_ACTIONS = 150_000;

/** One run of coordinator and workers, in virtual time, with all that befalls them. */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly model: Model;
  readonly oracle: Oracle;
  readonly checker: Checker;
  /** As the machines see it. */
  readonly machineSchedule: Schedule;
  readonly workers: WorkerNode[] = [];
  readonly coordinators: CoordinatorNode[] = [];
  readonly trace: string[] = [];
  /** Steps whose metrics a coordinator has given up, in so many words. */
  readonly linesLost = new Set<number>();
  lastRelayedAt = 0;
  #folder: SimulatedFolder;
  #lives = new Map<string, number>();
  #passed = new Map<string, number>();
  #outcome: { readonly failure: Failure | null } | null = null;
  readonly seen: Seen = {
    ...{ relayed: 0, fetched: 0, redone: 0, learnt: 0, adopted: 0, deposed: 0 },
    ...{ stoppedEarly: 0, ofBest: 0 },
  };
  #counters = { dropped: 0, duplicates: 0, corrupt: 0 };

  constructor(
    readonly scenario: Scenario,
    folder?: SimulatedFolder,
    /** Of the run that goes on here. */
    checker?: Checker,
  ) {
    this.random = new Random(scenario.seed ^ 0x5eed);
    this.model = new Model(scenario.model);
    this.oracle = this.model.undisturbed();
    const Kind = scenario.rounds ? RoundedChecker : Checker;
    this.checker = checker ?? new Kind(this.oracle, 1, scenario.model.steps);
    this.machineSchedule = scenario.distort?.(this.model.schedule) ?? this.model.schedule;
    const { lineage } = this.oracle.states[0]!;
    this.#folder =
      folder ?? new SimulatedFolder({ applied: 0, lineage, state: this.model.initialState() });
  }

  run(): Outcome {
    const { scenario, clock } = this;
    this.#startCoordinator();
    for (let i = 0; i < scenario.workers; i++) {
      clock.after(this.random.integer(0, 10), () => {
        this.#startWorker(`w${i}`, scenario.loaded && this.#folder.newest.applied === 0);
      });
    }
    scenario.joins.forEach((at, i) => {
      clock.after(at, () => {
        this.#startWorker(`w${scenario.workers + i}`, false);
      });
    });
    if (scenario.stopAt !== null) {
      clock.after(scenario.stopAt, () => {
        this.coordinators[this.coordinators.length - 1]?.feed({ kind: 'stop' });
      });
    }
    const { takeover } = scenario;
    if (takeover !== null) {
      clock.after(takeover.at, () => {
        for (const node of this.coordinators) node.sleepsUntil = takeover.wakesAt;
        this.#folder = this.#folder.copy();
        this.#startCoordinator();
      });
    }
    let actions = 0;
    while (this.#outcome === null) {
      if (++actions > MOST_ACTIONS || clock.now > MOST_MILLIS || !clock.step()) {
        throw new Violation(`no end after ${actions} actions and ${clock.now} ms: livelock`);
      }
    }
    for (const { state } of this.workers) this.#count(state);
    const removed = this.coordinators.reduce((sum, { state }) => sum + state.removed.size, 0);
    return {
      ...this.#outcome,
      folder: this.#folder,
      millis: clock.now,
      actions,
      counters: this.#counters,
      removed,
      seen: this.seen,
    };
  }

  #count({ counters }: MemberState): void {
    this.#counters.dropped += counters.dropped;
    this.#counters.duplicates += counters.duplicates;
    this.#counters.corrupt += counters.corrupt;
  }

  warned({ code, where }: Failure): void {
    this.note(`warning ${code} ${JSON.stringify(where)}`);
    if (code !== 'PROTOCOL_RECORDS_LOST') return;
    for (let step = Number(where['first']); step < Number(where['end']); step++) {
      this.linesLost.add(step);
    }
  }

  note(text: string): void {
    this.trace.push(`${this.clock.now.toFixed(1)} ${text}`);
  }

  /** `asOf`: with an old copy of the folder. */
  #startCoordinator(asOf: number | null = null): void {
    if (this.#outcome !== null) return;
    // The folder's lock: two coordinators only ever work in two copies of it.
    if (this.coordinators.some(({ alive, folder }) => alive && folder === this.#folder)) return;
    if (asOf !== null) this.#folder.restore(asOf);
    const id = `c${this.coordinators.length}`;
    this.note(`${id} starts`);
    this.coordinators.push(new CoordinatorNode(this, id, this.#folder));
  }

  #startWorker(name: string, loaded: boolean): void {
    if (this.#outcome !== null) return;
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    this.note(`${name}#${life} starts`);
    this.workers.push(new WorkerNode(this, name, `${name}#${life}`, loaded));
  }

  /** Whether the process dies here, as the scenario has it. */
  passes(role: 'worker' | 'coordinator', point: string, name: string): boolean {
    const { crashes } = this.scenario;
    if (!crashes.some((crash) => crash.role === role && crash.point === point)) return false;
    const key = `${role} ${point}`;
    const nth = (this.#passed.get(key) ?? 0) + 1;
    this.#passed.set(key, nth);
    const crash = crashes.find(
      (candidate) => candidate.role === role && candidate.point === point && candidate.nth === nth,
    );
    if (crash === undefined) return false;
    this.note(`${name} dies ${point} (${nth})`);
    const { restartAfter, staleBy } = crash;
    if (restartAfter === null) return true;
    this.clock.after(restartAfter, () => {
      if (role === 'worker') this.#startWorker(name, false);
      else {
        this.#startCoordinator(staleBy > 0 ? this.clock.now - restartAfter - staleBy : null);
      }
    });
    return true;
  }

  left(
    node: WorkerNode,
    { failure, retryAfterMillis }: Extract<MemberEffect, { kind: 'leave' }>,
  ): void {
    this.note(`${node.id} leaves: ${failure?.code ?? 'finished'}`);
    if (failure === null) {
      if (this.#folder.synced.summary === null) throw new Violation('left before the summary');
      return;
    }
    // Whoever runs the workers starts them again.
    const again = retryAfterMillis ?? (failure.code === 'COORDINATOR_LOST' ? 100 : null);
    if (again === null) return;
    this.clock.after(again, () => {
      this.#startWorker(node.name, false);
    });
  }

  ended(node: CoordinatorNode, failure: Failure | null): void {
    this.note(
      `${node.id} ends: ${failure === null ? 'finished' : `${failure.code} ${failure.message}`}`,
    );
    if (failure?.code === 'PROTOCOL_OLD_TERM') this.seen.deposed++;
    const replaced = this.coordinators[this.coordinators.length - 1] !== node;
    if (replaced && failure !== null) return;
    if (failure?.code === 'PROTOCOL_OLD_TERM' && this.coordinators.length < 8) {
      // Its folder was an old copy, and it had begun before the workers were back.
      this.clock.after(300, () => {
        this.#startCoordinator();
      });
      return;
    }
    this.#outcome = { failure };
  }

  aliveMembers(): readonly MemberState[] {
    return this.workers.filter(({ alive }) => alive).map(({ state }) => state);
  }

  captureOf(id: MemberId, applied: number): State | null {
    const node = this.workers.find((worker) => worker.id === id);
    return node?.alive === true ? (node.captures.get(applied)?.state ?? null) : null;
  }

  /** Workers differ in speed. */
  millisPerMicroBatch(name: string): number {
    return 2 + (name.charCodeAt(1) % 3);
  }

  isFrozen(name: string, kind: 'process' | 'threads'): boolean {
    return this.frozenUntil(name, kind) !== null;
  }

  frozenUntil(name: string, kind: 'process' | 'threads'): number | null {
    const { now } = this.clock;
    const freeze = this.scenario.freezes.find(
      (one) => one.name === name && one.kind === kind && one.from <= now && now < one.until,
    );
    return freeze?.until ?? null;
  }

  /** Puts a message on the network. */
  post(from: string, to: MemberId, message: Message): void {
    const { scenario, clock, random } = this;
    if (message.kind === 'relay') {
      this.seen.relayed++;
      this.lastRelayedAt = clock.now;
    }
    const target = to === COORDINATOR ? 'coordinator' : to.split('#')[0]!;
    const cut = scenario.cuts.some(
      ({ a, b, from: first, until }) =>
        first <= clock.now &&
        clock.now < until &&
        ((a === from && b === target) || (a === target && b === from)),
    );
    if (cut) return;
    const { maxDelay, loss, duplicate, corrupt, stray, until } = scenario.network;
    if (clock.now >= until) {
      this.#deliverAfter(1 + random.next(), to, message);
      return;
    }
    const delay = (): number => 1 + random.next() * maxDelay;
    if (random.chance(loss)) return;
    if (random.chance(duplicate)) this.#deliverAfter(delay() * 3, to, message);
    if (message.kind === 'piece' && random.chance(stray)) {
      this.#deliverAfter(delay() / 3, to, strayed(message));
    }
    if (random.chance(corrupt)) {
      const damaged = corrupted(message, random);
      if (damaged !== null) this.#deliverAfter(delay(), to, damaged);
      return;
    }
    this.#deliverAfter(delay(), to, message);
  }

  #deliverAfter(millis: number, to: MemberId, message: Message): void {
    this.clock.after(millis, () => {
      if (to === COORDINATOR) this.#deliverToCoordinator(message as ToCoordinator);
      else {
        const node = this.workers.find((worker) => worker.id === to && worker.alive);
        node?.receive(message as ToMember);
      }
    });
  }

  /** To the newest, but a refusal to whom it is meant for. */
  #deliverToCoordinator(message: ToCoordinator): void {
    const meant = message.kind === 'refusal' ? message.coordinator : null;
    const node =
      meant === null
        ? this.coordinators[this.coordinators.length - 1]
        : this.coordinators.find(({ id }) => id === meant);
    if (node?.alive === true) node.receive(message);
  }
}
