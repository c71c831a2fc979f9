import type { ToCoordinator } from '#src/shared/protocol/messages.js';
import type { StepRecord } from '#src/shared/protocol/control.js';
import { advanceCoordinator, startCoordinator } from '#src/coordinator/machine/machine.js';
import { COORDINATOR_RULES } from '#src/coordinator/machine/rules.js';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
} from '#src/coordinator/machine/state.js';
import { upTo, type SimulatedFolder } from './folder.js';
import type { Simulation } from './simulation.js';
import { TIMES } from './times.js';
import { kindOf, snapshotPiece } from './frames.js';

/** The rim of a coordinator in virtual time: a folder that needs syncing, and deaths. */
export class CoordinatorNode {
  alive = true;
  state: CoordinatorState;
  /** A takeover: it sleeps until then. */
  sleepsUntil = 0;
  readonly #waiting: StepRecord[] = [];
  readonly #early: CoordinatorEvent[] = [];

  constructor(
    readonly simulation: Simulation,
    readonly id: string,
    readonly folder: SimulatedFolder,
  ) {
    const { scenario, clock, machineSchedule } = simulation;
    const first = startCoordinator(
      {
        run: scenario.model.run,
        id,
        identity: { model: 'm', data: 'd' },
        folder: folder.asConfig(),
        minWorkers: scenario.minWorkers,
        expectWorkers: folder.synced.term === 0 ? scenario.workers : null,
        ahead: 1,
        learnerLag: scenario.learnerLag,
        segments: scenario.segments,
        exact: !scenario.rounds,
        checkpointEvery: scenario.checkpointEvery,
        nodeMillis: 0.5,
        times: TIMES.coordinator,
      },
      machineSchedule,
      clock.now,
    );
    this.state = first.state;
    this.#carryOut(first.effects);
    this.#tick();
  }

  receive(message: ToCoordinator): void {
    this.#awake(() => {
      // As a rim does with messages that come in one turn of its loop: some wait for the next event.
      const event = { kind: 'message', message } as const;
      if (this.simulation.random.chance(0.3)) this.#early.push(event);
      else this.feed(event);
    });
  }

  feed(event: CoordinatorEvent): void {
    if (!this.alive) return;
    const { machineSchedule, scenario } = this.simulation;
    const rules = { ...COORDINATOR_RULES, ...scenario.coordinatorRules };
    const events = [...this.#early.splice(0), event];
    const { state, effects } = advanceCoordinator(this.state, events, machineSchedule, rules);
    this.state = state;
    this.simulation.checker.viewed(state);
    this.#carryOut(effects);
  }

  #tick(): void {
    if (!this.alive) return;
    this.#awake(() => {
      this.feed({ kind: 'tick', now: this.simulation.clock.now });
    });
    this.simulation.clock.after(TIMES.heartbeat, () => {
      this.#tick();
    });
  }

  #awake(action: () => void): void {
    if (!this.alive) return;
    const wait = this.sleepsUntil - this.simulation.clock.now;
    if (wait <= 0) action();
    else this.#later(wait, action);
  }

  #later(millis: number, action: () => void): void {
    this.simulation.clock.after(millis, () => {
      this.#awake(action);
    });
  }

  #dies(point: string): boolean {
    const dies = this.simulation.passes('coordinator', point, this.id);
    if (dies) this.alive = false;
    return dies;
  }

  #carryOut(effects: readonly CoordinatorEffect[]): void {
    for (const effect of effects) {
      if (!this.alive) return;
      this.#do(effect);
    }
  }

  #do(effect: CoordinatorEffect): void {
    const { simulation, folder } = this;
    const { clock, checker } = simulation;
    switch (effect.kind) {
      case 'send': {
        const kind = kindOf(effect.message);
        if (this.#dies(`before send:${kind}`)) return;
        simulation.post('coordinator', effect.to, effect.message);
        this.#dies(`after send:${kind}`);
        return;
      }
      case 'save-term':
        if (this.#dies('before term')) return;
        this.#later(2, () => {
          folder.write(clock.now, { term: effect.term });
          if (this.#dies('after term')) return;
          this.feed({ kind: 'term-saved', term: effect.term });
        });
        return;
      case 'began':
        if (effect.base > folder.newest.applied) simulation.seen.adopted++;
        if (effect.cutMetricsAt !== null) {
          const { cutMetricsAt } = effect;
          const metrics = folder.synced.metrics.filter(({ step }) => step < cutMetricsAt);
          folder.write(clock.now, { metrics });
        }
        return;
      case 'record':
        this.#record(effect.records);
        return;
      case 'evaluated':
        if (this.#dies('evaluated')) return;
        checker.evaluation(effect.applied, effect.sums);
        return;
      case 'store':
        this.#store(effect);
        return;
      case 'summarize':
        if (this.#dies('before summary')) return;
        this.#later(2, () => {
          const { applied, digest, complete } = effect;
          if (complete) checker.summary(effect);
          if (effect.stoppedEarly) simulation.seen.stoppedEarly++;
          if (effect.ofBest) simulation.seen.ofBest++;
          folder.write(clock.now, { summary: { digest, applied, complete } });
          if (this.#dies('after summary')) return;
          this.feed({ kind: 'summarized' });
        });
        return;
      case 'send-snapshot': {
        if (this.#dies('send-snapshot')) return;
        const { to, applied, lineage, segment } = effect;
        const stored = folder.synced.checkpoints.find((candidate) => candidate.applied === applied);
        if (stored === undefined) return;
        const { run } = simulation.scenario.model;
        const piece = snapshotPiece(run, 'coordinator', applied, lineage, segment, stored.state);
        simulation.post('coordinator', to, piece);
        return;
      }
      case 'warn':
        simulation.warned(effect.failure);
        return;
      case 'exit':
        this.alive = false;
        simulation.ended(this, effect.failure);
    }
  }

  /** Lines are appended, then synced; a crash between leaves any number of them. */
  #record(records: readonly StepRecord[]): void {
    const { simulation, folder } = this;
    for (const record of records) simulation.checker.recorded(record);
    this.#waiting.push(...records);
    if (this.#dies('before record')) {
      this.#append(this.#waiting.slice(0, simulation.random.integer(0, this.#waiting.length)));
      return;
    }
    this.#later(simulation.random.integer(1, 4), () => {
      this.#append(this.#waiting.splice(0));
      if (this.#dies('after record')) return;
      this.feed({ kind: 'recorded', upTo: upTo(folder.synced.metrics) });
    });
  }

  #append(records: readonly StepRecord[]): void {
    const { folder, simulation } = this;
    const metrics = [...folder.synced.metrics];
    for (const record of records) if (record.step >= upTo(metrics)) metrics.push(record);
    folder.write(simulation.clock.now, { metrics });
  }

  /** To a temporary name, synced, renamed: only then is it there. */
  #store(effect: Extract<CoordinatorEffect, { kind: 'store' }>): void {
    const { simulation, folder } = this;
    const { applied, lineage, writer } = effect;
    if (this.#dies('before store:write')) return;
    this.#later(3, () => {
      const state = simulation.captureOf(writer, applied);
      if (state === null) {
        this.feed({
          kind: 'store-failed',
          applied,
          failure: { code: 'LINK_CLOSED', message: 'the writer is gone', hint: '', where: {} },
        });
        return;
      }
      simulation.checker.state(applied, lineage, state);
      simulation.checker.checkpoint(applied, folder.synced.metrics, simulation.linesLost);
      if (this.#dies('before store:sync')) return;
      this.#later(2, () => {
        if (this.#dies('before store:rename')) return;
        this.#later(1, () => {
          const { checkpoints } = folder.synced;
          folder.write(simulation.clock.now, {
            checkpoints: [...checkpoints, { applied, lineage, state }],
          });
          if (this.#dies('after store:rename')) return;
          this.feed({ kind: 'stored', applied, lineage });
        });
      });
    });
  }
}
