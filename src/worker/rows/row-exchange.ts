import { floatBits } from '../../shared/numerics/float-bits.js';
import { covering, nodeKey, rootOf } from '../../shared/numerics/reduction-tree.js';
import { segmentRange } from '../../shared/numerics/row-segments.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { pieceChecksum } from '../../shared/protocol/checksums.js';
import type { Tally } from '../../shared/protocol/control.js';
import type { Piece } from '../../shared/protocol/messages.js';
import type { Lineage, PieceName } from '../../shared/protocol/names.js';
import type { Gradient, MemberEffect, MemberEvent, Row, Stored } from '../machine/state.js';
import type { Trainer, TrainerStep } from '../trainer.js';
import { SegmentMath, type Segment } from './segment-math.js';

type EffectOf<Kind extends MemberEffect['kind']> = Extract<MemberEffect, { kind: Kind }>;
type EventOf<Kind extends MemberEvent['kind']> = Extract<MemberEvent, { kind: Kind }>;

/**
 * Rows as they travel: what the compute threads have made is copied out of their arena in segments,
 * which live as long as the machine keeps them; what is to be applied is copied in.
 */
export class RowExchange {
  readonly #layout: RowLayout;
  readonly #trainer: Trainer;
  readonly #segments: number;
  readonly #math: SegmentMath;
  readonly #outwards = new WeakMap<Piece, Piece>();

  /** `kernels`: the plain ones. `segments`: in how many a row travels. */
  constructor(trainer: Trainer, layout: RowLayout, segments: number, kernels: WebAssembly.Module) {
    this.#trainer = trainer;
    this.#layout = layout;
    this.#segments = segments;
    const lengths = Array.from({ length: segments }, (_, i) => {
      const { first, end } = this.#range(i);
      return end - first;
    });
    this.#math = new SegmentMath(kernels, Math.max(...lengths));
  }

  /** Computes the nodes that make up the ranges, one after the other, each by all threads. */
  async compute({
    step,
    lineage,
    ranges,
    count,
  }: EffectOf<'compute'>): Promise<EventOf<'computed'>> {
    const rows: Row[] = [];
    let seconds = 0;
    for (const node of ranges.flatMap((range) => covering(range, count))) {
      const result = await this.#trainer.gradients(step, node);
      seconds += result.seconds;
      rows.push(this.#row(step, lineage, node, result));
    }
    return { kind: 'computed', step, lineage, rows, millis: seconds * 1000 };
  }

  /** The row of a whole step. */
  whole({ step, lineage, count }: EffectOf<'compute'>, result: TrainerStep): Row {
    return this.#row(step, lineage, rootOf(count), result);
  }

  reduce(effect: EffectOf<'reduce'>): EventOf<'segment-reduced'> {
    const { step, lineage, segment, inputs, additions, tally } = effect;
    const node = additions.at(-1)?.sum ?? inputs[0]!.node;
    const parts = new Map(
      inputs.map(({ node: input, payload }) => [nodeKey(input), payload as Segment]),
    );
    const sum = this.#math.sum(parts, additions, node, this.#range(segment).first);
    const stored = storedAs({ step, lineage, node, segment }, tally, sum);
    return { kind: 'segment-reduced', step, lineage, segment, tally, stored };
  }

  assemble({ step, lineage, payloads }: EffectOf<'assemble'>): EventOf<'assembled'> {
    const segments = payloads as Segment[];
    const sum = segments.reduce((total, { digest }) => BigInt.asUintN(64, total + digest), 0n);
    const bad = segments.find(({ nonFinite }) => nonFinite >= 0);
    const gradient: Gradient = {
      digest: sum.toString(16).padStart(16, '0'),
      lossBits: this.#lossBits(segments),
      nonFinite: bad === undefined ? null : this.#trainer.elementName(bad.nonFinite),
    };
    return { kind: 'assembled', step, lineage, gradient };
  }

  /** Puts a step's whole gradient where the trainer's update reads it. */
  load(payloads: readonly unknown[]): void {
    const row = this.#trainer.reducedRow;
    const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
    (payloads as Segment[]).forEach((segment, index) => {
      bytes.set(segment.bytes, this.#range(index).first * 4);
    });
  }

  /** A piece as it leaves: its bytes alone; one object however many it goes to. */
  outward(piece: Piece): Piece {
    const known = this.#outwards.get(piece);
    if (known !== undefined) return known;
    const outward = { ...piece, payload: (piece.payload as Segment).bytes };
    this.#outwards.set(piece, outward);
    return outward;
  }

  /**
   * A piece as it came, looked over, and the checksum that it has; null where its bytes are not
   * as many as its name says.
   */
  inward(piece: Piece): { readonly message: Piece; readonly measured: number } | null {
    if (piece.segment >= this.#segments) return null;
    const { first, end } = this.#range(piece.segment);
    const bytes = piece.payload as Uint8Array;
    if (bytes.byteLength !== (end - first) * 4) return null;
    const segment = this.#math.inspect(bytes, first);
    const measured = pieceChecksum(piece, piece.tally, segment.digest);
    return { message: { ...piece, payload: segment }, measured };
  }

  #row(step: number, lineage: Lineage, node: Row['node'], result: TrainerStep): Row {
    const { samples, correct, proof: hash } = result;
    const tally = { samples, correct, hash };
    const row = this.#trainer.rowAt(result.row);
    const segments = Array.from({ length: this.#segments }, (_, segment) => {
      const { first, end } = this.#range(segment);
      const bytes = new Uint8Array(row.slice(first, end).buffer);
      const inspected = this.#math.inspect(bytes, first);
      return storedAs({ step, lineage, node, segment }, tally, inspected);
    });
    return { node, tally, segments };
  }

  #lossBits(segments: readonly Segment[]): number {
    const at = this.#layout.lossOffset;
    const index = segments.findIndex((_, i) => this.#range(i).end > at);
    const { bytes } = segments[index]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return floatBits(view.getFloat32((at - this.#range(index).first) * 4, true));
  }

  #range(segment: number): { readonly first: number; readonly end: number } {
    return segmentRange(this.#layout.rowLength, this.#segments, segment);
  }
}

function storedAs(name: PieceName, tally: Tally, segment: Segment): Stored {
  return { checksum: pieceChecksum(name, tally, segment.digest), payload: segment };
}
