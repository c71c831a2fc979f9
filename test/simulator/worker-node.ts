import { covering, nodeKey, rootOf, type TreeNode } from '#src/shared/numerics/reduction-tree.js';
import { COORDINATOR } from '#src/shared/protocol/names.js';
import type { Message, PieceResult, ToMember } from '#src/shared/protocol/messages.js';
import type { Tally } from '#src/shared/protocol/control.js';
import { advanceMember, startMember } from '#src/worker/machine/machine.js';
import { MEMBER_RULES } from '#src/worker/machine/rules.js';
import type {
  MemberEffect,
  MemberEvent,
  MemberState,
  Row,
  Stored,
} from '#src/worker/machine/state.js';
import { gradientOf, kindOf, measure, nameOf, snapshotPiece, unflat } from './frames.js';
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
  #progress = 0;

  constructor(
    readonly simulation: Simulation,
    readonly name: string,
    readonly id: string,
    loaded: boolean,
  ) {
    const { scenario, model, oracle, clock } = simulation;
    this.weights = loaded ? model.initial() : null;
    const first = startMember(
      {
        run: scenario.model.run,
        id,
        worker: name,
        identity: { model: 'm', data: 'd' },
        origin: loaded ? { applied: 0, ...oracle.states[0]! } : null,
        segments: scenario.segments,
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
        this.simulation.post(this.name, effect.to, effect.message);
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
      case 'compute': {
        const size = effect.ranges.reduce((sum, { first, end }) => sum + end - first, 0);
        this.#enqueue(size * simulation.millisPerMicroBatch(this.name), 'compute', () => {
          this.#compute(effect, size);
        });
        return;
      }
      case 'apply':
        this.#enqueue(2, 'apply', () => {
          this.#apply(effect);
        });
        return;
      case 'capture':
        this.#enqueue(1, 'capture', () => {
          const { applied, lineage, standing } = effect;
          const state = { ...this.weights!, standing };
          simulation.checker.state(applied, state);
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
          simulation.checker.weights(applied, this.weights!);
          this.feed({ kind: 'evaluated', applied, which, results });
        });
        return;
      case 'restore':
        this.#enqueue(2, 'restore', () => {
          const { applied, lineage, payloads } = effect;
          const all = (payloads as Float32Array[]).flatMap((part) => [...part]);
          const state = unflat(all, simulation.model.options.elements);
          this.weights = state;
          simulation.checker.state(applied, state);
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

  #compute(effect: Extract<MemberEffect, { kind: 'compute' }>, size: number): void {
    const { step, lineage, ranges, count, whole } = effect;
    const { checker, scenario, model } = this.simulation;
    checker.weights(step, this.weights!);
    const millis = size * this.simulation.millisPerMicroBatch(this.name);
    const nodes = ranges.flatMap((range) => covering(range, count));
    const sums = nodes.map((node) => ({ node, ...this.#sum(step, node) }));
    const rows = sums.map(({ node, row, tally }): Row => {
      const segments = Array.from({ length: scenario.segments }, (_, segment) =>
        this.#stored(
          step,
          lineage,
          node,
          segment,
          tally,
          segmentOf(row, segment, scenario.segments),
        ),
      );
      return { node, tally, segments };
    });
    const [only] = rows;
    if (whole && only !== undefined && model.options.batchSize % 2 === 0) {
      const gradient = gradientOf(sums[0]!.row);
      this.feed({ kind: 'computed-whole', step, lineage, row: only, gradient, millis });
    } else this.feed({ kind: 'computed', step, lineage, rows, millis });
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
    payload: Float32Array,
  ): Stored {
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
    checker.weights(step, this.weights!);
    checker.record(record);
    const gradient = Float32Array.from((effect.payloads as Float32Array[]).flatMap((p) => [...p]));
    this.weights = model.apply(this.weights!, gradient, { samples, control, isBest });
    checker.weights(step + 1, this.weights);
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
