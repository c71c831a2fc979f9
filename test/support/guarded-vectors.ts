import type { KernelHarness } from './kernel-harness.js';

/** Copies vectors to odd elements of the memory, and back. */
export class GuardedVectors {
  private readonly addresses: number[];

  constructor(
    private readonly harness: KernelHarness,
    private readonly values: readonly Float32Array[],
  ) {
    harness.reset();
    this.addresses = values.map((v) => harness.allocate(v.byteLength + 8) + 4);
    values.forEach((v, i) => harness.floats(this.addresses[i]!, v.length).set(v));
  }

  at(index: number, element = 0): number {
    return this.addresses[index]! + element * 4;
  }

  read(index: number): Float32Array {
    return this.harness.floats(this.addresses[index]!, this.values[index]!.length).slice();
  }

  /** Whether the elements before and behind each vector are as they were. */
  guarded(): boolean {
    return this.values.every((v, i) => {
      const [before] = this.harness.floats(this.addresses[i]! - 4, 1);
      const [after] = this.harness.floats(this.addresses[i]! + v.byteLength, 1);
      return before === after;
    });
  }
}
