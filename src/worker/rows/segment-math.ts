import { nodeKey, type Addition, type TreeNode } from '../../shared/numerics/reduction-tree.js';
import { instantiateKernels, type Kernels } from '../engine/wasm/module.js';
import { PAGE_BYTES } from '../threads/arena.js';

/** One segment of a row outside the arena, where it may stay as long as somebody may want it. */
export interface Segment {
  /** float32, little-endian: what everybody takes it for. */
  readonly bytes: Uint8Array;
  /** As it travels. */
  readonly wire: Uint8Array;
  /** Its part of the row's digest: `digestSlice` at its place in the row. */
  readonly digest: bigint;
  /** Place in the row of its first element that is not finite; −1: all are. */
  readonly nonFinite: number;
}

/** Slots of what is being written for the line, or read from it. */
const [VALUES, CARRY, WIRE] = [0, 1, 2];
/** Halves that share a scale. */
const BLOCK = 256;

/** Sums under way at a time: as many as a tree is deep, and one. */
const SLOTS = 34;

/** Bytes of a segment of `elements` elements as it travels, the first `halves` of them in 16 bits. */
export function wireBytes(elements: number, halves: number): number {
  return 2 * (halves + Math.ceil(halves / BLOCK)) + 4 * (elements - halves);
}

/**
 * Looks segments over and adds them, in the worker's main thread: memory of its own for the
 * kernels, so that the compute threads' arena knows nothing of what travels.
 */
export class SegmentMath {
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #slotBytes: number;

  /** `module`: the plain kernels; `elements`: of the longest segment. */
  constructor(module: WebAssembly.Module, elements: number) {
    this.#slotBytes = Math.ceil((elements * 4) / 64) * 64;
    const pages = Math.ceil((this.#slotBytes * (SLOTS + 1)) / PAGE_BYTES);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#kernels = instantiateKernels(module, this.#memory);
  }

  /** What `bytes` are as the elements of a row from place `first` on. */
  inspect(bytes: Uint8Array, first: number): Segment {
    this.#load(0, bytes);
    return this.#describe(0, bytes, first);
  }

  /**
   * A segment's bytes with the first `halves` elements rounded to 16 bits, after what was lost of
   * them before: `carry`, float32 [halves], which gets what is lost now. See the kernel encodeHalf.
   */
  encode(bytes: Uint8Array, first: number, halves: number, carry: Float32Array): Segment {
    const carried = this.#bytes(CARRY, halves * 4);
    const carryBytes = new Uint8Array(carry.buffer, carry.byteOffset, halves * 4);
    this.#load(VALUES, bytes);
    carried.set(carryBytes);
    const [values, out] = [this.#address(VALUES), this.#address(WIRE)];
    const end = this.#kernels['encodeHalf']!(values, this.#address(CARRY), out, halves);
    carryBytes.set(carried);
    const rounded = this.#bytes(VALUES, bytes.byteLength).slice();
    const rest = bytes.subarray(halves * 4);
    const wire = Buffer.concat([this.#bytes(WIRE, end - out), rest]);
    return { ...this.#describe(VALUES, rounded, first), wire };
  }

  /** What `encode` made, of `elements` elements in all; `wire` must have `wireBytes` bytes. */
  decode(wire: Uint8Array, first: number, elements: number, halves: number): Segment {
    const halfBytes = wireBytes(halves, halves);
    this.#load(WIRE, wire.subarray(0, halfBytes));
    this.#kernels['decodeHalf']!(this.#address(WIRE), this.#address(VALUES), halves);
    const values = this.#bytes(VALUES, elements * 4);
    values.set(wire.subarray(halfBytes), halves * 4);
    return { ...this.#describe(VALUES, values.slice(), first), wire };
  }

  /** The last sum of `additions`, or the only input where there are none. */
  sum(
    inputs: ReadonlyMap<string, Segment>,
    additions: readonly Addition[],
    target: TreeNode,
    first: number,
  ): Segment {
    const whole = inputs.get(nodeKey(target));
    if (whole !== undefined) return whole;
    const free = Array.from({ length: SLOTS }, (_, slot) => slot);
    const slots = new Map<string, number>();
    let length = 0;
    const place = (node: TreeNode): number => {
      const key = nodeKey(node);
      const known = slots.get(key);
      if (known !== undefined) return known;
      const slot = free.pop()!;
      const { bytes } = inputs.get(key)!;
      this.#load(slot, bytes);
      length = bytes.byteLength;
      slots.set(key, slot);
      return slot;
    };
    for (const { left, right, sum } of additions) {
      const into = place(left);
      const from = place(right);
      this.#kernels['addRows']!(this.#address(into), this.#address(from), length / 4);
      slots.delete(nodeKey(left));
      slots.delete(nodeKey(right));
      slots.set(nodeKey(sum), into);
      free.push(from);
    }
    const slot = slots.get(nodeKey(target))!;
    return this.#describe(slot, this.#bytes(slot, length).slice(), first);
  }

  #describe(slot: number, bytes: Uint8Array, first: number): Segment {
    const address = this.#address(slot);
    const elements = bytes.byteLength / 4;
    const digest = this.#kernels['digestSlice']!(address, elements, first) as unknown as bigint;
    const found = this.#kernels['firstNonFinite']!(address, elements);
    return {
      bytes,
      wire: bytes,
      digest: BigInt.asUintN(64, digest),
      nonFinite: found < 0 ? -1 : first + found,
    };
  }

  #load(slot: number, bytes: Uint8Array): void {
    this.#bytes(slot, bytes.byteLength).set(bytes);
  }

  #bytes(slot: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#address(slot), length);
  }

  /** Address 0 stays unused: it may mean "none" to a kernel. */
  #address(slot: number): number {
    return (slot + 1) * this.#slotBytes;
  }
}
