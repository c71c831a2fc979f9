import { assertInternal } from '../../../shared/errors.js';
import { momentumTerm } from '../../../shared/numerics/momentum-term.js';
import { seedKey } from '../../../shared/numerics/streams.js';
import type { EngineRegions } from '../engine.js';
import type { Kernels } from './module.js';
import type { Operand, PlannedCall, StagedBatch } from './plan/plan.js';

/**
 * Planned calls with their addresses filled in, so that running one costs JavaScript next to
 * nothing: a kernel and its array of arguments. Arguments that change from call to call are holes,
 * filled for all calls of a kind at once.
 */
export interface BoundCall {
  readonly kernel: (...args: number[]) => number;
  readonly args: number[];
}

/** A place in a call's arguments, whose value is `base` plus the hole's value. */
interface Hole {
  readonly args: number[];
  readonly index: number;
  readonly base: number;
}

type HoleKind = 'batch' | 'row' | 'step' | 'part' | 'parts';

/** What stays the same as long as a program is loaded. */
export interface Fixed {
  readonly kernels: Kernels;
  readonly regions: EngineRegions;
  readonly staged: StagedBatch;
  readonly seed: number;
}

export class Binder {
  private readonly holes: Record<HoleKind, Hole[]> = {
    batch: [],
    row: [],
    step: [],
    part: [],
    parts: [],
  };
  private readonly momenta = new Map<number, Hole[]>();

  constructor(private readonly fixed: Fixed) {}

  bind(calls: readonly PlannedCall[]): readonly BoundCall[] {
    return calls.map(({ kernel: name, args: operands }) => {
      const kernel = this.fixed.kernels[name];
      assertInternal(typeof kernel === 'function', `There is no kernel ${name}.`);
      assertInternal(
        kernel.length === operands.length,
        `Kernel ${name} takes ${kernel.length} arguments, not ${operands.length}.`,
      );
      const args: number[] = [];
      operands.forEach((operand, index) => args.push(this.value(operand, args, index)));
      return { kernel, args };
    });
  }

  fill(kind: HoleKind, value: number): void {
    for (const { args, index, base } of this.holes[kind]) args[index] = base + value;
  }

  /** For every momentum of the plan. */
  fillMomentumTerms(index: number, count: number): void {
    for (const [momentum, holes] of this.momenta) {
      const term = momentumTerm(momentum, index, count);
      for (const hole of holes) hole.args[hole.index] = term;
    }
  }

  /** The value of an operand; 0 for a hole, which is noted. */
  private value(operand: Operand, args: number[], index: number): number {
    if (typeof operand === 'number') return operand;
    const { regions, staged, seed } = this.fixed;
    const hole = (kind: HoleKind, base = 0) => {
      this.holes[kind].push({ args, index, base });
      return 0;
    };
    switch (operand[0]) {
      case 'weight':
        return regions.weights + operand[1] * 4;
      case 'shared':
        return regions.shared + operand[1];
      case 'thread':
        return regions.thread + operand[1];
      case 'pixels':
        return regions.thread + staged.pixels;
      case 'labels':
        return regions.thread + staged.labels;
      case 'samples':
        return regions.thread + staged.samples;
      case 'seedLow':
        return seedKey(seed)[0];
      case 'seedHigh':
        return seedKey(seed)[1];
      case 'row':
        return hole('row', operand[1] * 4);
      case 'momentumTerm': {
        const holes = this.momenta.get(operand[1]) ?? [];
        this.momenta.set(operand[1], [...holes, { args, index, base: 0 }]);
        return 0;
      }
      case 'batch':
      case 'step':
      case 'part':
      case 'parts':
        return hole(operand[0]);
    }
  }
}

export function runCalls(calls: readonly BoundCall[]): void {
  for (const { kernel, args } of calls) kernel(...args);
}
