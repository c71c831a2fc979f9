import { covering, nodeKey, rootOf, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import { COORDINATOR } from '#src/shared/protocol/names.js';
import type { Message, PieceResult, ToMember } from '#src/shared/protocol/messages.js';
import type { Tally } from '#src/shared/protocol/control.js';
import { advanceMember, startMember } from '#src/worker/machine/machine.js';
import { MEMBER_RULES } from '#src/worker/machine/rules.js';
import type { MemberEffect, MemberEvent, MemberState, Stored } from '#src/worker/machine/state.js';
import { gradientOf, kindOf, measure, nameOf, snapshotPiece, summedUp, unflat } from './frames.js';
import { addRows, checksumOf, digestOf, segmentOf, type State, type Weights } from './model.js';
import type { Simulation } from './simulation.js';
import { TIMES } from './times.js';

/** The rim of a member in virtual time: weights, threads that take time, and deaths. */
export class WorkerNode {
  alive = true;
  state: MemberState;
  weights: Weights | null;
  readonly captures = new Map<number, { readonly state: State; readonly lineage: string }>();
  #jobs: { readonly millis: number; readonly action: () => void }[] = [];
  #busy = false;
  /** Of the weights, which may be behind what the machine has ordered. */
  #lineage: string;
  #progress = 0;

  constructor(
    readonly simulation: Simulation,
    readonly name: string,
    readonly id: string,
    loaded: boolean,
  ) {
    const { scenario, model, oracle, clock } = simulation;
    this.weights = loaded ? model.initial() : null;
    this.#lineage = oracle.states[0]!.lineage;
    const first = startMember(
      {
        run: scenario.model.run,
        id,
        worker: name,
        identity: { model: 'm', data: 'd' },
        origin: loaded ? { applied: 0, ...oracle.states[0]! } : null,
        segments: scenario.segments,
        exact: !scenario.rounds,
        times: TIMES.member,
      },
      clock.now,
    );
    this.state = first.state;
    this.#carryOut(first.effects);
    this.#tick();
  }

  receive(message: ToMember): void {
    this.#awake(() => {
      this.feed({ kind: 'message', message, measured: measure(message) });
    });
  }

  feed(event: MemberEvent): void {
    if (!this.alive) return;
    const { machineSchedule, scenario, checker } = this.simulation;
    const rules = { ...MEMBER_RULES, ...scenario.memberRules };
    const before = this.state;
    const { state, effects } = advanceMember(before, event, machineSchedule, rules);
    this.state = state;
    const alive = this.simulation.aliveMembers();
    checker.moved(before, state, alive);
    if (before.kept !== state.kept) checker.released(state, alive);
    this.#see(before, state, effects);
    this.#carryOut(effects);
  }

  #see(before: MemberState, after: MemberState, effects: readonly MemberEffect[]): void {
    const { seen } = this.simulation;
    const { orders, position } = after;
    if (orders === null || position === null) return;
    if (before.learntFrom === null && after.learntFrom !== null) seen.learnt++;
    const settled = before.orders?.phase === 'gather' && orders.phase === 'run';
    if (settled && position.applied < orders.base) seen.fetched++;
    const again = effects.some(({ kind }) => kind === 'compute') && orders.view > 1;
    if (again && settled && position.applied === orders.base) seen.redone++;
  }

  #tick(): void {
    if (!this.alive) return;
    this.#awake(() => {
      if (this.#busy && !this.simulation.isFrozen(this.name, 'threads')) this.#progress++;
      this.feed({ kind: 'tick', now: this.simulation.clock.now, progress: this.#progress });
    });
    this.simulation.clock.after(TIMES.heartbeat, () => {
      this.#tick();
    });
  }

  /** A process that sleeps does everything later, in order. */
  #awake(action: () => void): void {
    if (!this.alive) return;
    const until = this.simulation.frozenUntil(this.name, 'process');
    if (until === null) action();
    else {
      this.simulation.clock.after(until - this.simulation.clock.now, () => {
        this.#awake(action);
      });
    }
  }

  #dies(point: string): boolean {
    const dies = this.simulation.passes('worker', point, this.name);
    if (dies) this.alive = false;
    return dies;
  }

  #carryOut(effects: readonly MemberEffect[]): void {
    for (const effect of effects) {
      if (!this.alive) return;
      if (effect.kind === 'send') {
        if (this.#dies(`before send:${kindOf(effect.message)}`)) return;
        this.simulation.post(this.name, effect.to, summedUp(effect.message));
        if (this.#dies(`after send:${kindOf(effect.message)}`)) return;
        continue;
      }
      if (effect.kind === 'leave' && this.#dies('leave')) return;
      if (this.#dies(effect.kind === 'send-snapshot' ? effect.kind : `before ${effect.kind}`))
        return;
      this.#do(effect);
    }
  }

  #do(effect: Exclude<MemberEffect, { kind: 'send' }>): void {
    const { simulation } = this;
    switch (effect.kind) {
      case 'compute':
        this.#compute(effect);
        return;
      case 'apply':
        this.#enqueue(2, 'apply', () => {
          this.#apply(effect);
        });
        return;
      case 'capture':
        this.#enqueue(1, 'capture', () => {
          const { applied, lineage, standing } = effect;
          const state = { ...this.weights!, standing };
          simulation.checker.state(applied, lineage, state);
          this.captures.set(applied, { state, lineage });
          this.feed({ kind: 'captured', applied, digest: digestOf(this.weights!) });
        });
        return;
      case 'discard':
        this.captures.delete(effect.applied);
        return;
      case 'evaluate':
        this.#enqueue(3, 'evaluate', () => {
          const { applied, which } = effect;
          const weights = which === 'best' ? this.weights!.best : this.weights!.weights;
          const results: PieceResult[] = [];
          for (const { first, end } of effect.pieces) {
            for (let piece = first; piece < end; piece++) {
              results.push(simulation.model.evaluate(applied, piece, weights));
            }
          }
          simulation.checker.weights(applied, this.#lineage, this.weights!);
          this.feed({ kind: 'evaluated', applied, which, results });
        });
        return;
      case 'restore':
        this.#enqueue(2, 'restore', () => {
          const { applied, lineage, payloads } = effect;
          const all = (payloads as Float32Array[]).flatMap((part) => [...part]);
          const state = unflat(all, simulation.model.options.elements);
          this.weights = state;
          this.#lineage = lineage;
          simulation.checker.state(applied, lineage, state);
          this.feed({ kind: 'restored', applied, lineage, standing: state.standing });
        });
        return;
      case 'reduce':
        this.#later(1, () => {
          this.#reduce(effect);
        });
        return;
      case 'assemble':
        this.#later(1, () => {
          const { step, lineage } = effect;
          const row = Float32Array.from((effect.payloads as Float32Array[]).flatMap((p) => [...p]));
          this.feed({ kind: 'assembled', step, lineage, gradient: gradientOf(row) });
        });
        return;
      case 'send-snapshot':
        this.#sendSnapshot(effect);
        return;
      case 'release':
      case 'warn':
        return;
      case 'leave':
        this.alive = false;
        simulation.left(this, effect);
    }
  }

  /** Work on the weights, one after the other, as long as the threads get on. */
  #enqueue(millis: number, point: string, action: () => void): void {
    const finish = (): void => {
      action();
      if (this.alive) this.#dies(`after ${point}`);
      this.#busy = false;
      this.#next();
    };
    this.#jobs.push({ millis, action: finish });
    this.#next();
  }

  #next(): void {
    if (this.#busy || !this.alive) return;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    this.#busy = true;
    const finish = (): void => {
      const until = this.simulation.frozenUntil(this.name, 'threads');
      if (until === null) this.#awake(job.action);
      else this.simulation.clock.after(until - this.simulation.clock.now + 1, finish);
    };
    this.simulation.clock.after(job.millis, finish);
  }

  #later(millis: number, action: () => void): void {
    this.simulation.clock.after(millis, () => {
      this.#awake(action);
    });
  }

  /** In time, segment after segment becomes final; each is one job, so that it may be the last. */
  #compute(effect: Extract<MemberEffect, { kind: 'compute' }>): void {
    const { step, lineage, ranges, count } = effect;
    const { checker, scenario, model } = this.simulation;
    const { segments } = scenario;
    const microBatches = ranges.reduce((sum, { first, end }) => sum + end - first, 0);
    const millis = microBatches * this.simulation.millisPerMicroBatch(this.name);
    const nodes = ranges.flatMap((range) => covering(range, count));
    const piece = (node: TreeNode, segment: number): { stored: Stored; tally: Tally } => {
      const { row, tally } = this.#sum(step, node);
      const elements = segmentOf(row, segment, segments);
      return { stored: this.#stored(step, lineage, node, segment, tally, elements), tally };
    };
    const [only] = ranges;
    const isWhole = ranges.length === 1 && only!.first === 0 && only!.end === count;
    if (isWhole && !scenario.rounds && model.options.batchSize % 2 === 0) {
      this.#enqueue(millis, 'compute', () => {
        checker.weights(step, this.#lineage, this.weights!);
        const node = rootOf(count);
        const { row, tally } = this.#sum(step, node);
        const all = Array.from({ length: segments }, (_, index) => piece(node, index).stored);
        const gradient = gradientOf(row);
        const whole = { node, tally, segments: all };
        this.feed({ kind: 'computed-whole', step, lineage, row: whole, gradient, millis });
      });
      return;
    }
    for (const node of nodes) {
      const size = node.end - node.first;
      for (let segment = 0; segment < segments; segment++) {
        const share = (millis * size) / microBatches / segments;
        this.#enqueue(share, 'compute', () => {
          checker.weights(step, this.#lineage, this.weights!);
          const name = { step, lineage, node, segment };
          this.feed({ kind: 'segment-computed', ...name, ...piece(node, segment) });
        });
      }
    }
    this.#enqueue(0, 'compute', () => {
      this.feed({ kind: 'computed', step, lineage, microBatches, millis });
    });
  }

  #sum(step: number, node: TreeNode): { row: Float32Array; tally: Tally } {
    return this.simulation.model.sum(step, node, this.weights!);
  }

  #stored(
    step: number,
    lineage: string,
    node: TreeNode,
    segment: number,
    tally: Tally,
    exact: Float32Array,
  ): Stored {
    const payload = this.simulation.scenario.rounds
      ? exact.map((value) => this.#rounded(value))
      : exact;
    const checksum = checksumOf(nameOf(step, lineage, node, segment), tally, payload);
    this.simulation.checker.value(nameOf(step, lineage, node, segment), checksum);
    return { checksum, payload };
  }

  #reduce(effect: Extract<MemberEffect, { kind: 'reduce' }>): void {
    const { step, lineage, segment, inputs, additions, tally } = effect;
    const rows = new Map(
      inputs.map(({ node, payload }) => [nodeKey(node), payload as Float32Array]),
    );
    for (const { left, right, sum } of additions) {
      rows.set(nodeKey(sum), addRows(rows.get(nodeKey(left))!, rows.get(nodeKey(right))!));
    }
    const root = rootOf(this.simulation.machineSchedule.step(step).microBatches);
    const payload = rows.get(nodeKey(root))!;
    const stored = this.#stored(step, lineage, root, segment, tally, payload);
    this.feed({ kind: 'segment-reduced', step, lineage, segment, tally, stored });
  }

  #apply(effect: Extract<MemberEffect, { kind: 'apply' }>): void {
    const { checker, model } = this.simulation;
    const { record, control, samples, step, isBest } = effect;
    checker.weights(step, this.#lineage, this.weights!);
    checker.applied(record);
    const gradient = Float32Array.from((effect.payloads as Float32Array[]).flatMap((p) => [...p]));
    this.weights = model.apply(this.weights!, gradient, { samples, control, isBest });
    this.#lineage = record.after;
    checker.weights(step + 1, record.after, this.weights);
  }

  /** As a worker does that keeps back what it has rounded: never the same way twice. */
  #rounded(value: number): number {
    return Math.fround(value + (this.simulation.random.next() - 0.5) / 1024);
  }

  #sendSnapshot(effect: Extract<MemberEffect, { kind: 'send-snapshot' }>): void {
    const { to, applied, segment, relayed } = effect;
    const captured = this.captures.get(applied);
    if (captured === undefined) return;
    const { run } = this.simulation.scenario.model;
    const message = snapshotPiece(run, this.id, applied, captured.lineage, segment, captured.state);
    if (!relayed) this.simulation.post(this.name, to, message);
    else {
      const relay: Message = { kind: 'relay', run, from: this.id, to, message };
      this.simulation.post(this.name, COORDINATOR, relay);
    }
  }
}
