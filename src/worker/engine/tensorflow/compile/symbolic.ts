/** Three traces at three batch sizes, merged to one graph for every batch size. */
import { isDeepStrictEqual } from 'node:util';
import { TYPE, type GraphConstant, type GraphNode } from './graph.js';
import { refusal, type Source, type Trace } from './trace.js';

/** No two of them have a sum, a product or a difference in common that a shape is likely to hold. */
export const BATCH_SIZES = [3, 5, 8] as const;

export interface GraphInput {
  readonly name: string;
  readonly type: number;
  /** −1: the batch size. */
  readonly shape: readonly number[];
}

export interface SymbolicGraph {
  readonly nodes: readonly GraphNode[];
  /** Names of the function's outputs. */
  readonly outputs: readonly string[];
}

/**
 * `traces` are at BATCH_SIZES; the first input's first axis is the batch. A constant that differs
 * between the first two is solved for, and must be what the third has.
 *
 * Errors: ENGINE_TRACE_REFUSED where the operations differ, or a constant has another law.
 */
export function symbolicGraph(
  inputs: readonly GraphInput[],
  traces: readonly Trace[],
): SymbolicGraph {
  const [first, ...others] = traces as readonly [Trace, Trace, Trace];
  const structure = ({ ops, outputs }: Trace) => ({ ops, outputs });
  for (const other of others) {
    if (isDeepStrictEqual(structure(other), structure(first))) continue;
    const op = first.ops.findIndex((each, i) => !isDeepStrictEqual(each, other.ops[i]));
    throw refusal(
      'it runs other operations for other batch sizes',
      first.places.ops[op] ?? other.places.ops[op] ?? null,
    );
  }
  const nodes: GraphNode[] = inputs.map(({ name, type, shape }) => {
    return { name, op: 'Placeholder', inputs: [], attributes: [], placeholder: { type, shape } };
  });
  const push = (node: Omit<GraphNode, 'name'>): string => {
    const name = `n${nodes.length}`;
    nodes.push({ name, ...node });
    return name;
  };
  const constant = (value: GraphConstant) =>
    push({ op: 'Const', inputs: [], attributes: [], constant: value });
  const ints = (shape: readonly number[], values: readonly number[]) =>
    constant({ type: TYPE.int32, shape, bytes: bytesOf(Int32Array.from(values)) });
  const typed = (type: number) => ({ name: 'T', type: 4, value: type });

  let batchName: string | null = null;
  const batch = (): string => {
    const shape = () =>
      push({ op: 'Shape', inputs: [inputs[0]!.name], attributes: [typed(inputs[0]!.type)] });
    const gather = [
      { name: 'Tparams', type: 4, value: TYPE.int32 },
      { name: 'Tindices', type: 4, value: TYPE.int32 },
      { name: 'Taxis', type: 4, value: TYPE.int32 },
    ];
    batchName ??= push({
      op: 'GatherV2',
      inputs: [shape(), ints([], [0]), ints([], [0])],
      attributes: gather,
    });
    return batchName;
  };
  /** b + a · batch, element by element. */
  const affine = (shape: readonly number[], laws: readonly Law[]): string => {
    const base = ints(
      shape,
      laws.map(({ b }) => b),
    );
    if (laws.every(({ a }) => a === 0)) return base;
    const slope = ints(
      shape,
      laws.map(({ a }) => a),
    );
    const term = push({ op: 'Mul', inputs: [slope, batch()], attributes: [typed(TYPE.int32)] });
    return push({ op: 'AddV2', inputs: [base, term], attributes: [typed(TYPE.int32)] });
  };
  /** A number of elements, a · batch, or one over it: what means and their gradients divide by. */
  const scalar = (place: string | null, ...values: readonly [number, number, number]): string => {
    const float = [typed(TYPE.float32)];
    const cast = [
      { name: 'SrcT', type: 4, value: TYPE.int32 },
      { name: 'DstT', type: 4, value: TYPE.float32 },
    ];
    const follows = (law: (batch: number) => number) =>
      values.every((value, i) => Math.abs(law(BATCH_SIZES[i]!) - value) <= 1e-6 * Math.abs(value));
    const a = values[0] / BATCH_SIZES[0];
    const c = values[0] * BATCH_SIZES[0];
    const grows = follows((batch) => a * batch);
    if (!grows && !follows((batch) => c / batch)) {
      throw refusal(
        `a number in it depends on the batch size: ${values.join(', ')} for ${BATCH_SIZES.join(', ')} samples`,
        place,
      );
    }
    const bytes = new Uint8Array(Float32Array.of(grows ? a : c).buffer);
    const factor = constant({ type: TYPE.float32, shape: [], bytes });
    const size = push({ op: 'Cast', inputs: [batch()], attributes: cast });
    return push({ op: grows ? 'Mul' : 'RealDiv', inputs: [factor, size], attributes: float });
  };
  const constantFor = (index: number): string => {
    const [one, two, three] = traces.map(({ constants }) => constants[index]!) as unknown as Three;
    const place = first.places.constants[index] ?? null;
    if (isDeepStrictEqual(one, two) && isDeepStrictEqual(one, three)) return constant(one);
    if (isDeepStrictEqual(one.shape, two.shape) && one.type === TYPE.int32) {
      return affine(one.shape, laws(place, intsOf(one), intsOf(two), intsOf(three)));
    }
    if (isDeepStrictEqual(one.shape, two.shape) && one.type === TYPE.float32 && !one.shape.length) {
      return scalar(place, floatOf(one), floatOf(two), floatOf(three));
    }
    const sizes = () => affine([one.shape.length], laws(place, one.shape, two.shape, three.shape));
    const shared = <T>(of: (each: GraphConstant) => T | null): T | null => {
      const found = of(one);
      return [two, three].every((each) => isDeepStrictEqual(of(each), found)) ? found : null;
    };
    const fill = shared(uniform);
    if (fill !== null) {
      const value = constant({ type: one.type, shape: [], bytes: fill });
      const attributes = [typed(one.type), { name: 'index_type', type: 4, value: TYPE.int32 }];
      return push({ op: 'Fill', inputs: [sizes(), value], attributes });
    }
    const row = shared(repeatedRow);
    if (row !== null) {
      const attributes = [typed(one.type), { name: 'Tidx', type: 4, value: TYPE.int32 }];
      return push({ op: 'BroadcastTo', inputs: [constant(row), sizes()], attributes });
    }
    if (shared(isCount) === true) {
      const [length] = laws(place, one.shape, two.shape, three.shape);
      const limit = affine([], [length!]);
      const attributes = [{ name: 'Tidx', type: 4, value: TYPE.int32 }];
      return push({ op: 'Range', inputs: [ints([], [0]), limit, ints([], [1])], attributes });
    }
    throw refusal(OUTSIDE, place);
  };

  const constantNames = new Map<number, string>();
  const opNames: string[] = [];
  const nameOf = (source: Source): string => {
    if (source.kind === 'input') return inputs[source.input]!.name;
    if (source.kind === 'op') {
      const name = opNames[source.op]!;
      return source.output === 0 ? name : `${name}:${source.output}`;
    }
    const known = constantNames.get(source.constant) ?? constantFor(source.constant);
    constantNames.set(source.constant, known);
    return known;
  };
  const needed = reached(first);
  first.ops.forEach(({ name, attributes, inputs: from }, i) => {
    if (!needed.has(i)) return;
    const names = from.map(nameOf);
    opNames[i] = push({ op: name, inputs: names, attributes });
  });
  return { outputs: first.outputs.map(nameOf), nodes };
}

/** Operations that an output depends on. */
function reached({ ops, outputs }: Trace): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (source: Source) => {
    if (source.kind !== 'op' || needed.has(source.op)) return;
    needed.add(source.op);
    ops[source.op]!.inputs.forEach(visit);
  };
  outputs.forEach(visit);
  return needed;
}

const OUTSIDE = 'a value in it that is computed outside of TensorFlow depends on the batch size';

type Three = readonly [GraphConstant, GraphConstant, GraphConstant];

/** value = a · batch + b. */
interface Law {
  readonly a: number;
  readonly b: number;
}

function laws(
  place: string | null,
  one: readonly number[],
  two: readonly number[],
  three: readonly number[],
): readonly Law[] {
  const [b1, b2, b3] = BATCH_SIZES;
  if (two.length !== one.length || three.length !== one.length) {
    throw refusal(OUTSIDE, place);
  }
  return one.map((value, i) => {
    const a = (two[i]! - value) / (b2 - b1);
    const b = value - a * b1;
    if (!Number.isInteger(a) || a * b3 + b !== three[i]) {
      throw refusal(
        `a size in it does not grow evenly with the batch: ${value}, ${two[i]}, ${three[i]} for ${BATCH_SIZES.join(', ')} samples`,
        place,
      );
    }
    return { a, b };
  });
}

/** The bytes of the one element that a float32 or int32 constant consists of; null for any other. */
function uniform({ bytes }: GraphConstant): Uint8Array | null {
  if (bytes.length === 0 || bytes.length % 4 !== 0) return null;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return words.every((word) => word === words[0]) ? bytes.slice(0, 4) : null;
}

/** The row, [1, …], of which all rows of a constant are copies; null where they are not. */
function repeatedRow({ type, shape, bytes }: GraphConstant): GraphConstant | null {
  const [rows, ...rest] = shape;
  if (rows === undefined || rows === 0 || bytes.length === 0) return null;
  const length = bytes.length / rows;
  const row = bytes.slice(0, length);
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== row[at % length]) return null;
  return { type, shape: [1, ...rest], bytes: row };
}

/** 0, 1, 2, …: the numbers of the samples, for instance. */
function isCount(constant: GraphConstant): boolean | null {
  const { type, shape } = constant;
  if (type !== TYPE.int32 || shape.length !== 1) return null;
  return intsOf(constant).every((value, i) => value === i);
}

function intsOf({ bytes }: GraphConstant): readonly number[] {
  return [...new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];
}

function floatOf({ bytes }: GraphConstant): number {
  return new Float32Array(bytes.buffer, bytes.byteOffset, 1)[0]!;
}

function bytesOf(array: Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
