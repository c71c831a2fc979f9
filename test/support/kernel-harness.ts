import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';
import type { KernelBuild, Kernels } from '#src/worker/engine/wasm/module.js';
import { sampleBytes } from '#src/worker/engine/wasm/plan/lowering.js';
import type {
  BufferRef,
  GraphNode,
  KernelCall,
  Lowered,
  Lowering,
  LoweringContext,
  MapShape,
} from '#src/worker/engine/wasm/plan/lowering.js';
import type { Operand } from '#src/worker/engine/wasm/plan/plan.js';

/** What nobody may rely on: lanes past the channels of activations … */
const PAD_GARBAGE = 7.5e9;
/** … and the contents of scratch, saved and shared buffers before they are written. */
const SCRATCH_GARBAGE = -3e30;

export const elements = (shape: MapShape): number => shape.height * shape.width * shape.channels;

/** Values of the operands that stand for something at the time of the call. */
export interface CallValues {
  batch?: number;
  part?: number;
  parts?: number;
  add?: number;
  step?: number;
  seedLow?: number;
  seedHigh?: number;
  pixels?: number;
  labels?: number;
  samples?: number;
  /** Weight of the micro-batch in the moving statistics, for ['momentumTerm', …]. */
  momentumTerm?: number;
}

/** A memory, the kernels on it, and conversion to and from the blocked layout. */
export class KernelHarness {
  private top = 1024;

  private constructor(
    readonly memory: WebAssembly.Memory,
    readonly kernels: Kernels,
  ) {}

  static async create(build: KernelBuild = 'plain', megabytes = 64): Promise<KernelHarness> {
    const pages = megabytes * 16;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const { module } = await loadKernels(build);
    return new KernelHarness(memory, instantiateKernels(module, memory));
  }

  /** Address, a multiple of 64, of so many bytes, filled with a large number. */
  allocate(bytes: number, fill = SCRATCH_GARBAGE): number {
    const address = this.top;
    // A guard of 64 bytes behind each buffer, so that neighbours do not hide an overrun.
    this.top += Math.ceil(bytes / 64) * 64 + 64;
    if (this.top > this.memory.buffer.byteLength) {
      throw new Error(`The harness needs more than ${this.memory.buffer.byteLength} bytes.`);
    }
    this.floats(address, (this.top - address) / 4).fill(fill);
    return address;
  }

  /** Forgets all buffers. */
  reset(): void {
    this.top = 1024;
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** Writes channels-last values [batch][height][width][channels] in the blocked layout. */
  pack(address: number, shape: MapShape, values: ArrayLike<number>, garbage = PAD_GARBAGE): void {
    const area = shape.height * shape.width;
    const batch = values.length / elements(shape);
    const out = this.floats(address, (batch * sampleBytes(shape)) / 4).fill(garbage);
    for (let b = 0; b < batch; b++) {
      for (let p = 0; p < area; p++) {
        for (let c = 0; c < shape.channels; c++) {
          out[blockedIndex(shape, b, p, c)] = values[(b * area + p) * shape.channels + c]!;
        }
      }
    }
  }

  /** Reads channels-last values; throws where a lane past the channels is not finite. */
  unpack(address: number, shape: MapShape, batch: number): Float32Array {
    const area = shape.height * shape.width;
    const source = this.floats(address, (batch * sampleBytes(shape)) / 4);
    const out = new Float32Array(batch * elements(shape));
    for (let b = 0; b < batch; b++) {
      for (let p = 0; p < area; p++) {
        for (let c = 0; c < Math.ceil(shape.channels / 4) * 4; c++) {
          const value = source[blockedIndex(shape, b, p, c)]!;
          if (c < shape.channels) out[(b * area + p) * shape.channels + c] = value;
          else if (!Number.isFinite(value)) throw new Error(`pad lane ${c} holds ${value}`);
        }
      }
    }
    return out;
  }

  kernel(name: string): (...args: number[]) => number {
    const kernel = this.kernels[name];
    if (kernel === undefined) throw new Error(`the kernel module exports no '${name}'`);
    return kernel;
  }
}

function blockedIndex(shape: MapShape, b: number, p: number, c: number): number {
  const area = shape.height * shape.width;
  return ((b * Math.ceil(shape.channels / 4) + (c >> 2)) * area + p) * 4 + (c & 3);
}

export interface LowerOptions {
  readonly inputs: readonly MapShape[];
  readonly output: MapShape;
  readonly batchMax: number;
  /** Initial values by role. Gradients have the same lengths. */
  readonly weights?: Readonly<Record<string, ArrayLike<number>>>;
  /** Roles without a gradient. */
  readonly frozen?: readonly string[];
  /** Whether the input gradients are wanted; all are by default. */
  readonly inputGradients?: readonly boolean[];
}

/** One lowered node over buffers of its own, all filled with garbage first. */
export class LoweredNode {
  readonly lowered: Lowered;
  private readonly addresses: number[] = [];
  private readonly inputs: number[];
  private readonly inputGradients: (number | null)[];
  private readonly output: number;
  private readonly outputGradient: number;
  private readonly weightsAt: number;
  private readonly rowAt: number;
  private readonly weightOffsets = new Map<string, { offset: number; length: number }>();

  constructor(
    readonly harness: KernelHarness,
    lowering: (context: LoweringContext) => Lowered,
    readonly options: LowerOptions,
  ) {
    const { inputs, output, batchMax } = options;
    const weights = Object.entries(options.weights ?? {});
    // Weights start at odd elements: kernels may count on multiples of 4 bytes only.
    let length = 1;
    for (const [role, values] of weights) {
      this.weightOffsets.set(role, { offset: length, length: values.length });
      length += values.length + 1;
    }
    this.weightsAt = harness.allocate(length * 4);
    this.rowAt = harness.allocate(length * 4);
    for (const [role, values] of weights) this.setWeight(role, values);

    const tensor = (shape: MapShape) => ({ ...this.buffer(batchMax * sampleBytes(shape)), shape });
    const inputRefs = inputs.map(tensor);
    const outputRef = tensor(output);
    const outputGradientRef = tensor(output);
    const gradientRefs = inputs.map((shape, i) =>
      (options.inputGradients?.[i] ?? true) ? tensor(shape) : null,
    );
    const place = (ref: BufferRef) => this.addresses[ref.buffer]!;
    this.inputs = inputRefs.map(place);
    this.inputGradients = gradientRefs.map((ref) => (ref === null ? null : place(ref)));
    this.output = place(outputRef);
    this.outputGradient = place(outputGradientRef);

    const element = (role: string) => {
      const slot = this.weightOffsets.get(role);
      if (slot === undefined) throw new Error(`the node asked for a weight '${role}'`);
      return slot.offset;
    };
    this.lowered = lowering({
      batchMax,
      inputs: inputRefs,
      output: outputRef,
      outputGradient: outputGradientRef,
      inputGradients: gradientRefs,
      weight: (role) => ['weight', element(role)],
      gradient: (role) => (options.frozen?.includes(role) ? null : ['row', element(role)]),
      shared: (bytes) => this.buffer(bytes),
      saved: (bytes) => this.buffer(bytes),
      savedSamples: (stride, more = 0) => this.buffer(batchMax * stride + more),
      scratch: (bytes) => this.buffer(bytes),
    });
  }

  static of<Node extends GraphNode>(
    harness: KernelHarness,
    lowering: Lowering<Node>,
    node: Node,
    options: LowerOptions,
  ): LoweredNode {
    return new LoweredNode(harness, (context) => lowering(node, context), options);
  }

  setWeight(role: string, values: ArrayLike<number>): void {
    const { offset, length } = this.weightOffsets.get(role)!;
    this.harness.floats(this.weightsAt + offset * 4, length).set(Array.from(values));
  }

  setInput(index: number, values: ArrayLike<number>, garbage?: number): void {
    this.harness.pack(this.inputs[index]!, this.options.inputs[index]!, values, garbage);
  }

  /** All parts, one after another. */
  prepare(parts = 1): void {
    for (let part = 0; part < parts; part++) this.call(this.lowered.prepare, { part, parts });
  }

  /** Channels-last output [batch][height][width][channels]. */
  forward(batch: number, values: CallValues = {}): Float32Array {
    this.call(this.lowered.forward, { batch, ...values });
    return this.harness.unpack(this.output, this.options.output, batch);
  }

  inference(batch: number, values: CallValues = {}): Float32Array {
    this.call(this.lowered.inference ?? this.lowered.forward, { batch, ...values });
    return this.harness.unpack(this.output, this.options.output, batch);
  }

  /** Runs backward for a channels-last gradient of the output. */
  backward(gradient: ArrayLike<number>, values: CallValues = {}, garbage?: number): void {
    const { output } = this.options;
    this.harness.pack(this.outputGradient, output, gradient, garbage);
    this.call(this.lowered.backward, { batch: gradient.length / elements(output), ...values });
  }

  inputGradient(index: number, batch: number): Float32Array {
    const address = this.inputGradients[index];
    if (address === null || address === undefined)
      throw new Error(`no gradient was asked for input ${index}`);
    return this.harness.unpack(address, this.options.inputs[index]!, batch);
  }

  /** A copy of a weight's gradient (or batch-norm term). */
  gradient(role: string): Float32Array {
    const { offset, length } = this.weightOffsets.get(role)!;
    return this.harness.floats(this.rowAt + offset * 4, length).slice();
  }

  /** Whether the row's elements around the gradients are untouched. */
  rowGapsIntact(): boolean {
    const gaps = [0, ...[...this.weightOffsets.values()].map((slot) => slot.offset + slot.length)];
    return gaps.every((at) => this.harness.floats(this.rowAt, at + 1)[at] === SCRATCH_FLOAT);
  }

  call(calls: readonly KernelCall[], values: CallValues): void {
    for (const { kernel, args } of calls) {
      this.harness.kernel(kernel)(...args.map((operand) => this.resolve(operand, values)));
    }
  }

  private buffer(bytes: number): BufferRef {
    this.addresses.push(this.harness.allocate(bytes));
    return { buffer: this.addresses.length - 1 };
  }

  private resolve(operand: Operand | BufferRef, values: CallValues): number {
    if (typeof operand === 'number') return operand;
    if ('buffer' in operand) return this.addresses[operand.buffer]!;
    switch (operand[0]) {
      case 'weight':
        return this.weightsAt + operand[1] * 4;
      case 'row':
        return this.rowAt + operand[1] * 4;
      case 'shared':
      case 'thread':
      case 'own':
        return operand[1];
      // A thread that computes alone, and stores.
      case 'part':
      case 'add':
        return values[operand[0]] ?? 0;
      case 'parts':
        return values.parts ?? 1;
      default: {
        const value = values[operand[0]];
        if (value === undefined) throw new Error(`no value for the operand '${operand[0]}'`);
        return value;
      }
    }
  }
}

const SCRATCH_FLOAT = Math.fround(SCRATCH_GARBAGE);

/** Small deterministic generator for test data: uniform in [−1, 1). */
export function randomValues(seed: number, length: number): Float32Array {
  let state = seed >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 31 - 1;
  });
}

/** Largest |a − b| over the largest |b| (the oracle); NaN counts as infinite. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    if (!(d <= difference)) difference = Number.isNaN(d) ? Infinity : d;
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}
