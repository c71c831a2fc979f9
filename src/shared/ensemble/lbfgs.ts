/** Value of a function at a point; its gradient is written into `gradient`. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface LbfgsLimits {
  /** Ends where no part of the gradient exceeds this. */
  readonly tolerance: number;
  readonly iterations: number;
}

/** How many steps back the curvature is remembered. */
const MEMORY = 10;
/** Armijo's condition: a step must gain this share of what the slope promises. */
const SUFFICIENT = 1e-4;
const HALVINGS = 50;

/**
 * The least point of a smooth convex function, by limited-memory BFGS (Nocedal & Wright, Numerical
 * Optimization, algorithm 7.5) with steps halved until they gain enough. `start` is left as it is.
 */
export function minimize(
  objective: Objective,
  start: Float64Array,
  { tolerance, iterations }: LbfgsLimits,
): Float64Array {
  let point: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(point.length);
  let value = objective(point, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let i = 0; i < iterations && largest(gradient) > tolerance; i++) {
    const direction = descent(gradient, pairs);
    const slope = dot(direction, gradient);
    const nextGradient = new Float64Array(point.length);
    let size = pairs.length === 0 ? Math.min(1, 1 / largest(gradient)) : 1;
    let next = moved(point, direction, size);
    let nextValue = objective(next, nextGradient);
    for (let h = 0; h < HALVINGS && !(nextValue <= value + SUFFICIENT * size * slope); h++) {
      size /= 2;
      next = moved(point, direction, size);
      nextValue = objective(next, nextGradient);
    }
    // Rounding leaves nothing more to gain.
    if (!(nextValue < value)) break;
    const s = difference(next, point);
    const y = difference(nextGradient, gradient);
    const curvature = dot(s, y);
    if (curvature > 0) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > MEMORY) pairs.shift();
    [point, gradient, value] = [next, nextGradient, nextValue];
  }
  return point;
}

/** −H · gradient, by the two loops of algorithm 7.4. */
function descent(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((x) => -x);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.push(alpha);
    add(q, y, -alpha);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const { s, y, rho } of pairs) {
    const beta = rho * dot(y, q);
    add(q, s, alphas.pop()! - beta);
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, from: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!;
}

function moved(point: Float64Array, direction: Float64Array, size: number): Float64Array {
  return point.map((x, i) => x + size * direction[i]!);
}

const difference = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, i) => x - b[i]!);

const largest = (vector: Float64Array): number =>
  vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
