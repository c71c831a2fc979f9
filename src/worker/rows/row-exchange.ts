import { floatBits } from '../../shared/numerics/float-bits.js';
import { covering, nodeKey } from '../../shared/numerics/reduction-tree.js';
import { segmentRange } from '../../shared/numerics/row-segments.js';
import type { RowLayout } from '../../shared/numerics/row-layout.js';
import { pieceChecksum } from '../../shared/protocol/checksums.js';
import type { Tally } from '../../shared/protocol/control.js';
import type { Piece } from '../../shared/protocol/messages.js';
import type { PieceName } from '../../shared/protocol/names.js';
import type { Gradient, MemberEffect, MemberEvent, Stored } from '../machine/state.js';
import type { Trainer, TrainerStep } from '../trainer.js';
import type { WireFormat } from '../../shared/config/schema.js';
import { RoundingCarry } from './rounding-carry.js';
import { SegmentMath, wireBytes, type Segment } from './segment-math.js';

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
  /** null: nothing is rounded. */
  readonly #carry: RoundingCarry | null;

  /** `kernels`: the plain ones. `segments`: in how many a row travels. */
  constructor(
    trainer: Trainer,
    layout: RowLayout,
    segments: number,
    kernels: WebAssembly.Module,
    format: WireFormat = 'float32',
  ) {
    this.#trainer = trainer;
    this.#layout = layout;
    this.#segments = segments;
    this.#carry = format === 'float32' ? null : new RoundingCarry(layout.trainableLength);
    const lengths = Array.from({ length: segments }, (_, i) => {
      const { first, end } = this.#range(i);
      return end - first;
    });
    this.#math = new SegmentMath(kernels, Math.max(...lengths));
  }

  /**
   * Computes the nodes that make up the ranges, one after the other, each by all threads.
   * `onSegment`: told of every segment of their rows as it becomes final. Gives up, null,
   * where between two nodes they are no longer due.
   */
  async compute(
    { step, lineage, ranges, count }: EffectOf<'compute'>,
    onSegment: (event: EventOf<'segment-computed'>) => void,
    isDue: () => boolean,
  ): Promise<TrainerStep[] | null> {
    const results: TrainerStep[] = [];
    for (const node of ranges.flatMap((range) => covering(range, count))) {
      if (!isDue()) return null;
      this.#carry?.begin(lineage);
      const row = this.#trainer.reducedRow;
      const result = await this.#trainer.gradients(step, node, (final) => {
        const { segment, digest, nonFinite } = final;
        const { samples, correct, proof: hash } = final.tally;
        const tally = { samples, correct, hash };
        const { first, end } = this.#range(segment);
        const bytes = new Uint8Array(row.slice(first, end).buffer);
        const name = { step, lineage, node, segment };
        const made = this.#rounded('rows', segment, { bytes, wire: bytes, digest, nonFinite });
        const stored = storedAs(name, tally, made);
        onSegment({ kind: 'segment-computed', ...name, tally, stored });
      });
      results.push(result);
    }
    return results;
  }

  reduce(effect: EffectOf<'reduce'>): EventOf<'segment-reduced'> {
    const { step, lineage, segment, inputs, additions, tally } = effect;
    this.#carry?.begin(lineage);
    const node = additions.at(-1)?.sum ?? inputs[0]!.node;
    const parts = new Map(
      inputs.map(({ node: input, payload }) => [nodeKey(input), payload as Segment]),
    );
    const exact = this.#math.sum(parts, additions, node, this.#range(segment).first);
    const sum = this.#rounded('sums', segment, exact);
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
    this.#carry?.settle();
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
    const { wire, digest } = piece.payload as Segment;
    // What is rounded goes by another name in each view.
    const checksum = pieceChecksum(piece, piece.tally, digest);
    const outward = { ...piece, checksum, payload: wire };
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
    const halves = this.#halves(piece.segment);
    if (bytes.byteLength !== wireBytes(end - first, halves)) return null;
    const segment =
      halves === 0
        ? this.#math.inspect(bytes, first)
        : this.#math.decode(bytes, first, end - first, halves);
    const measured = pieceChecksum(piece, piece.tally, segment.digest);
    return { message: { ...piece, payload: segment }, measured };
  }

  #lossBits(segments: readonly Segment[]): number {
    const at = this.#layout.lossOffset;
    const index = segments.findIndex((_, i) => this.#range(i).end > at);
    const { bytes } = segments[index]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return floatBits(view.getFloat32((at - this.#range(index).first) * 4, true));
  }

  /** A segment as everybody will have it. */
  #rounded(of: 'rows' | 'sums', segment: number, exact: Segment): Segment {
    const halves = this.#halves(segment);
    if (this.#carry === null || halves === 0) return exact;
    const { first } = this.#range(segment);
    return this.#math.encode(exact.bytes, first, halves, this.#carry.of(of, first, halves));
  }

  /** How many elements of a segment are rounded: gradients are, statistics and the loss are not. */
  #halves(segment: number): number {
    if (this.#carry === null) return 0;
    const { first, end } = this.#range(segment);
    return Math.max(0, Math.min(end, this.#layout.trainableLength) - first);
  }

  #range(segment: number): { readonly first: number; readonly end: number } {
    return segmentRange(this.#layout.rowLength, this.#segments, segment);
  }
}

function storedAs(name: PieceName, tally: Tally, segment: Segment): Stored {
  return { checksum: pieceChecksum(name, tally, segment.digest), payload: segment };
}
