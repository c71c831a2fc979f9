import { assertInternal } from '../../../shared/errors.js';
import { momentumTerm } from '../../../shared/numerics/momentum-term.js';
import { seedKey } from '../../../shared/numerics/streams.js';
import type { EngineRegions } from '../engine.js';
import type { Kernels } from './module.js';
import type { Operand, PlannedCall, Split, StagedBatch } from './plan/plan.js';

/**
 * Planned calls with their addresses filled in, so that running one costs JavaScript next to
 * nothing: a kernel and its array of arguments. Arguments that change from call to call are holes,
 * filled for all calls of a kind at once.
 */
export interface BoundCall {
  readonly kernel: (...args: number[]) => number;
  readonly args: number[];
  readonly split: Split;
}

/** A place in a call's arguments, whose value is `base` plus the hole's value. */
interface Hole {
  readonly args: number[];
  readonly index: number;
  readonly base: number;
}

/** What a hole stands for; `size`: the samples of a call that is split by samples. */
type HoleKind = 'batch' | 'size' | 'row' | 'add' | 'step' | 'part' | 'parts';

/** What stays the same as long as a program is loaded. */
export interface Fixed {
  readonly kernels: Kernels;
  readonly regions: EngineRegions;
  readonly staged: StagedBatch;
  /** Bytes of an image. */
  readonly imageBytes: number;
  readonly seed: number;
}

export class Binder {
  private readonly holes: Record<HoleKind, Hole[]> = {
    batch: [],
    size: [],
    row: [],
    add: [],
    step: [],
    part: [],
    parts: [],
  };
  /** Addresses in the leader's region: region + offset + first · stride. */
  private readonly places: { args: number[]; index: number; offset: number; stride: number }[] = [];
  private readonly momenta = new Map<number, Hole[]>();

  constructor(private readonly fixed: Fixed) {}

  bind(calls: readonly PlannedCall[]): readonly BoundCall[] {
    return calls.map(({ kernel: name, args: operands, split }) => {
      const kernel = this.fixed.kernels[name];
      assertInternal(typeof kernel === 'function', `There is no kernel ${name}.`);
      assertInternal(
        kernel.length === operands.length,
        `Kernel ${name} takes ${kernel.length} arguments, not ${operands.length}.`,
      );
      const args: number[] = [];
      operands.forEach((operand, index) => args.push(this.value(operand, args, index, split)));
      return { kernel, args, split };
    });
  }

  fill(kind: HoleKind, value: number): void {
    for (const { args, index, base } of this.holes[kind]) args[index] = base + value;
  }

  /** Where the micro-batch lies, and the first of the samples that this thread does. */
  fillPlaces(region: number, first: number): void {
    for (const { args, index, offset, stride } of this.places) {
      args[index] = region + offset + first * stride;
    }
  }

  /** For every momentum of the plan. */
  fillMomentumTerms(index: number, count: number): void {
    for (const [momentum, holes] of this.momenta) {
      const term = momentumTerm(momentum, index, count);
      for (const hole of holes) hole.args[hole.index] = term;
    }
  }

  /** The value of an operand; 0 for a hole, which is noted. */
  private value(operand: Operand, args: number[], index: number, split: Split): number {
    if (typeof operand === 'number') return operand;
    const { regions, staged, imageBytes, seed } = this.fixed;
    const hole = (kind: HoleKind, base = 0) => {
      this.holes[kind].push({ args, index, base });
      return 0;
    };
    const place = (offset: number, stride: number) => {
      this.places.push({ args, index, offset, stride: split === 'samples' ? stride : 0 });
      return 0;
    };
    switch (operand[0]) {
      case 'weight':
        return regions.weights + operand[1] * 4;
      case 'shared':
        return regions.shared + operand[1];
      case 'own':
        return regions.thread + operand[1];
      case 'thread':
        return place(operand[1], operand[2]);
      case 'pixels':
        return place(staged.pixels, imageBytes);
      case 'labels':
        return place(staged.labels, 2);
      case 'samples':
        return place(staged.samples, 4);
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
        return hole(split === 'samples' ? 'size' : 'batch');
      case 'step':
      case 'part':
      case 'parts':
      case 'add':
        return hole(operand[0]);
    }
  }
}

export function runCalls(calls: readonly BoundCall[]): boolean {
  for (const { kernel, args } of calls) kernel(...args);
  return true;
}
