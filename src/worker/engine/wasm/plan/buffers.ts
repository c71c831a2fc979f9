import { assertInternal } from '../../../../shared/errors.js';
import { align, placeBuffers, type Lifetime } from './memory.js';
import { sampleBytes, type BufferRef, type KernelCall, type TensorRef } from './lowering.js';
import type { Operand, PlannedCall } from './plan.js';
import { checkSplit } from './split.js';

/**
 * The buffers of a plan: made without a place, and placed when all calls are known, by who reads
 * and writes them when.
 */
export type BufferKind = 'activations' | 'gradients' | 'saved' | 'scratch' | 'prepared';

/** Calls that follow each other at one moment of a program's clock. */
export interface Moment {
  readonly calls: readonly KernelCall[];
  /** Buffers that calls name but neither read nor write. */
  readonly untouched?: ReadonlySet<number>;
}

export type Peak = Readonly<Record<Exclude<BufferKind, 'prepared'>, number>>;

export interface PlacedProgram {
  /** The calls of each moment, with addresses. */
  readonly calls: readonly (readonly PlannedCall[])[];
  /** Where a kept buffer stands in the thread's region. */
  offset(kept: BufferRef): number;
  /** Bytes of the thread's region, counted from its start, staged batch included. */
  readonly bytes: number;
  /** Bytes of each kind at the moment that needs most. */
  readonly peak: Peak;
}

interface Life extends Lifetime {
  readonly kind: Exclude<BufferKind, 'prepared'>;
}

export class Buffers {
  private readonly all: { readonly kind: BufferKind; readonly bytes: number; offset: number }[] =
    [];
  /** Bytes of the shared region. */
  sharedBytes = 0;

  make(kind: BufferKind, bytes: number): BufferRef {
    const offset = kind === 'prepared' ? this.sharedBytes : 0;
    if (kind === 'prepared') this.sharedBytes += align(bytes);
    this.all.push({ kind, bytes, offset });
    return { buffer: this.all.length - 1 };
  }

  /**
   * Places all buffers of the thread that a program touches. A buffer lives from the first moment
   * that touches it to the last; scratch lives at each of its moments anew. `start`: bytes of the
   * region that are taken already. `kept`: buffers that are read after the program's end.
   */
  place(moments: readonly Moment[], start: number, kept: readonly BufferRef[] = []): PlacedProgram {
    for (const { calls } of moments) {
      for (const call of calls) checkSplit(call, (ref) => this.isTeams(ref));
      assertInternal(
        calls.at(-1)?.split !== 'each',
        'What each thread of a team does for himself comes before the calls that need it.',
      );
    }
    const lives = new Map<string, Life>();
    const touch = (buffer: number, time: number) => {
      const { kind, bytes } = this.all[buffer]!;
      if (kind === 'prepared') return;
      const key = this.key(buffer, time);
      const life = lives.get(key);
      lives.set(key, { bytes, from: life?.from ?? time, to: time, kind });
    };
    moments.forEach(({ calls, untouched }, time) => {
      for (const buffer of calls.flatMap((call) => call.args.filter(isBuffer))) {
        if (!untouched?.has(buffer.buffer)) touch(buffer.buffer, time);
      }
    });
    for (const { buffer } of kept) touch(buffer, moments.length);

    const placement = placeBuffers([...lives.values()]);
    const offsets = new Map([...lives.keys()].map((key, i) => [key, placement.offsets[i]!]));
    const resolve = (
      arg: Operand | BufferRef,
      time: number,
      { kernel, split }: KernelCall,
    ): Operand => {
      if (!isBuffer(arg)) return arg;
      const { kind, offset } = this.all[arg.buffer]!;
      if (kind === 'prepared') return ['shared', offset];
      const at = start + offsets.get(this.key(arg.buffer, time))!;
      if (kind === 'scratch') return ['own', at];
      const stride = split === 'samples' ? strideOf(arg) : 0;
      assertInternal(
        stride !== undefined,
        `${kernel} does a range of samples of a buffer without a stride.`,
      );
      return ['thread', at, stride];
    };
    return {
      calls: moments.map(({ calls }, time) =>
        calls.map((call) => ({ ...call, args: call.args.map((arg) => resolve(arg, time, call)) })),
      ),
      offset: ({ buffer }) => start + offsets.get(this.key(buffer, moments.length))!,
      bytes: start + placement.bytes,
      peak: peak([...lives.values()], moments.length),
    };
  }

  /** Whether a buffer belongs to a micro-batch, and not to each thread or to all. */
  private isTeams({ buffer }: BufferRef): boolean {
    const { kind } = this.all[buffer]!;
    return kind !== 'scratch' && kind !== 'prepared';
  }

  private key(buffer: number, time: number): string {
    return this.all[buffer]!.kind === 'scratch' ? `${buffer}@${time}` : `${buffer}`;
  }
}

function strideOf(ref: BufferRef | TensorRef): number | undefined {
  return 'shape' in ref ? sampleBytes(ref.shape) : ref.stride;
}

export function isBuffer(arg: Operand | BufferRef): arg is BufferRef {
  return typeof arg === 'object' && 'buffer' in arg;
}

function peak(lives: readonly Life[], end: number): Peak {
  let largest = { activations: 0, gradients: 0, saved: 0, scratch: 0 };
  let most = 0;
  for (let time = 0; time <= end; time++) {
    const now = { activations: 0, gradients: 0, saved: 0, scratch: 0 };
    let sum = 0;
    for (const { bytes, from, to, kind } of lives) {
      if (from > time || time > to) continue;
      now[kind] += align(bytes);
      sum += align(bytes);
    }
    if (sum > most) [largest, most] = [now, sum];
  }
  return largest;
}
