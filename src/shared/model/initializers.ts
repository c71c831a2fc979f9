import { LockstepError } from '../errors.js';
import { inverseNormal } from '../numerics/inverse-normal.js';

/** Uniform draws in (0, 1), the same sequence for the same weight and seed. */
export type Draw = () => number;

/** A tfjs initializer, as its layer's `getConfig` gives it. */
export interface InitializerConfig {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Fills a weight of the given shape, row-major; every value is rounded to float32 once. */
type Fill = (
  out: Float32Array,
  shape: readonly number[],
  draw: Draw,
  config: InitializerConfig['config'],
) => void;

/**
 * tfjs's initializers, drawn from Lockstep's streams instead of tfjs's generator. Distributions
 * are those of tfjs; all arithmetic is float64 + − × ÷ √. One draw a value: normal values by
 * inversion (inverse-normal.ts), truncated ones by inversion within ±2 standard deviations.
 */
const FILLS: Readonly<Record<string, Fill>> = {
  Zeros: (out) => out.fill(0),
  Ones: (out) => out.fill(1),
  Constant: (out, _shape, _draw, { value }) => out.fill(value as number),
  RandomUniform: (out, _shape, draw, config) =>
    fillUniform(out, draw, config['minval'] as number, config['maxval'] as number),
  RandomNormal: (out, _shape, draw, config) =>
    fillNormal(out, draw, config['mean'] as number, config['stddev'] as number),
  TruncatedNormal: (out, _shape, draw, config) =>
    fillTruncatedNormal(out, draw, config['mean'] as number, config['stddev'] as number),
  VarianceScaling: (out, shape, draw, config) => {
    const variance = (config['scale'] as number) / Math.max(1, fan(shape, config['mode']));
    if (config['distribution'] === 'uniform') {
      const limit = Math.sqrt(3 * variance);
      fillUniform(out, draw, -limit, limit);
    } else {
      fillTruncatedNormal(out, draw, 0, Math.sqrt(variance));
    }
  },
  Identity: (out, shape, _draw, { gain }) => {
    out.fill(0);
    for (let i = 0; i < shape[0]!; i++) out[i * shape[0]! + i] = gain as number;
  },
  Orthogonal: (out, shape, draw, { gain }) => fillOrthogonal(out, shape, draw, gain as number),
};

/**
 * Fills `out`, float32 in the order of `shape`, by a layer's initializer.
 * `label` names the weight in the error MODEL_INITIALIZER, raised for initializers of the user's.
 */
export function fillByInitializer(
  out: Float32Array,
  shape: readonly number[],
  { className, config }: InitializerConfig,
  draw: Draw,
  label: string,
): void {
  const fill = Object.hasOwn(FILLS, className) ? FILLS[className] : undefined;
  if (!fill) {
    throw new LockstepError(
      'MODEL_INITIALIZER',
      `Weight ${label} has the initializer ${className}, which cannot be drawn from a seed; known: ${Object.keys(FILLS).join(', ')}.`,
      { hint: "Use one of these, or keep the model's own values: initial weights 'model'." },
    );
  }
  fill(out, shape, draw, config);
}

/** The constant that an initializer gives, or null where it draws. */
export function constantOf({ className, config }: InitializerConfig): number | null {
  if (className === 'Zeros') return 0;
  if (className === 'Ones') return 1;
  return className === 'Constant' ? Math.fround(config['value'] as number) : null;
}

function fillUniform(out: Float32Array, draw: Draw, min: number, max: number): void {
  for (let i = 0; i < out.length; i++) out[i] = min + (max - min) * draw();
}

function fillNormal(out: Float32Array, draw: Draw, mean: number, stddev: number): void {
  for (let i = 0; i < out.length; i++) out[i] = mean + stddev * inverseNormal(draw());
}

/** Φ(−2): what a normal distribution has below −2 standard deviations. */
const BELOW_MINUS_TWO = 0.02275013194817921;

function fillTruncatedNormal(out: Float32Array, draw: Draw, mean: number, stddev: number): void {
  fillNormal(out, () => BELOW_MINUS_TWO + (1 - 2 * BELOW_MINUS_TWO) * draw(), mean, stddev);
}

/** tfjs's computeFans for channels-last kernels. */
function fan(shape: readonly number[], mode: unknown): number {
  const size = shape.reduce((product, length) => product * length, 1);
  const matrix = shape.length >= 2 && shape.length <= 5;
  const fanIn = matrix ? size / shape.at(-1)! : Math.sqrt(size);
  const fanOut = matrix ? size / shape.at(-2)! : Math.sqrt(size);
  if (mode === 'fanIn') return fanIn;
  return mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
}

/**
 * Orthonormal columns (rows, where there are fewer rows) times `gain`, by modified Gram–Schmidt on
 * normal draws: the Q of a QR decomposition whose R has a positive diagonal.
 */
function fillOrthogonal(
  out: Float32Array,
  shape: readonly number[],
  draw: Draw,
  gain: number,
): void {
  const columns = shape.at(-1)!;
  const rows = out.length / columns;
  const count = Math.min(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length: Math.max(rows, columns) }, () =>
      inverseNormal(draw()),
    );
    for (const earlier of basis) {
      const along = dot(vector, earlier);
      for (let i = 0; i < vector.length; i++) vector[i]! -= along * earlier[i]!;
    }
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = rows < columns ? basis[row]![column]! : basis[column]![row]!;
      out[row * columns + column] = gain * value;
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
