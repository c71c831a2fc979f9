import { exp4, expm14, normalCdf4, normalDensity4, sigmoid4, softplus4, tanh4 } from './math';

/**
 * Activations over [batch] samples of `vectors` vectors of four float32, and their backward:
 * dx = dy · f′, f′ from the input x or the output y, whichever the kernel names. `to` may be any
 * of the others. Values at kinks as TensorFlow.js has them.
 *
 * Every kernel is one loop around an inlined formula: `kind` is a constant that folds away.
 */
const RELU = 0;
const RELU6 = 1;
const LEAKY_RELU = 2;
const ELU = 3;
const SELU = 4;
const SIGMOID = 5;
const HARD_SIGMOID = 6;
const TANH = 7;
const SOFTPLUS = 8;
const SOFTSIGN = 9;
const SWISH = 10;
const GELU = 11;

/** Klambauer et al. 2017, Self-Normalizing Neural Networks. */
const SELU_SCALE: f32 = 1.0507009873554805;
const SELU_SCALE_ALPHA: f32 = 1.7580993408473768;

// @ts-ignore: decorator
@inline
function apply(kind: i32, x: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  // pmax and pmin in this order let NaN pass, so that a run stops where it arose.
  if (kind == RELU) return f32x4.pmax(x, zero);
  if (kind == RELU6) return f32x4.pmin(f32x4.pmax(x, zero), f32x4.splat(6));
  if (kind == LEAKY_RELU) {
    return v128.bitselect(x, f32x4.mul(x, alpha), f32x4.gt(x, zero));
  }
  if (kind == ELU) {
    const negative = f32x4.mul(expm14(f32x4.pmin(x, zero)), alpha);
    return v128.bitselect(x, negative, f32x4.ge(x, zero));
  }
  if (kind == SELU) {
    const negative = f32x4.mul(expm14(f32x4.pmin(x, zero)), f32x4.splat(SELU_SCALE_ALPHA));
    return v128.bitselect(f32x4.mul(x, f32x4.splat(SELU_SCALE)), negative, f32x4.ge(x, zero));
  }
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == HARD_SIGMOID) {
    const y = f32x4.add(f32x4.mul(x, f32x4.splat(0.2)), f32x4.splat(0.5));
    return f32x4.pmin(f32x4.pmax(y, zero), one);
  }
  if (kind == TANH) return tanh4(x);
  if (kind == SOFTPLUS) return softplus4(x);
  if (kind == SOFTSIGN) return f32x4.div(x, f32x4.add(f32x4.abs(x), one));
  if (kind == SWISH) return f32x4.mul(x, sigmoid4(x));
  return f32x4.mul(x, normalCdf4(x)); // GELU
}

/** `s`: output for relu, relu6, sigmoid, hardSigmoid, tanh; input for the others. */
// @ts-ignore: decorator
@inline
function differentiate(kind: i32, dy: v128, s: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind == RELU) return v128.and(dy, f32x4.gt(s, zero));
  if (kind == RELU6) {
    return v128.and(dy, v128.and(f32x4.gt(s, zero), f32x4.lt(s, f32x4.splat(6))));
  }
  if (kind == LEAKY_RELU) {
    return v128.bitselect(dy, f32x4.mul(dy, alpha), f32x4.gt(s, zero));
  }
  if (kind == ELU) {
    const slope = f32x4.mul(exp4(f32x4.pmin(s, zero)), alpha);
    return v128.bitselect(dy, f32x4.mul(dy, slope), f32x4.ge(s, zero));
  }
  if (kind == SELU) {
    const slope = f32x4.mul(exp4(f32x4.pmin(s, zero)), f32x4.splat(SELU_SCALE_ALPHA));
    const positive = f32x4.splat(SELU_SCALE);
    return f32x4.mul(dy, v128.bitselect(positive, slope, f32x4.ge(s, zero)));
  }
  if (kind == SIGMOID) return f32x4.mul(dy, f32x4.mul(s, f32x4.sub(one, s)));
  if (kind == HARD_SIGMOID) {
    const inside = v128.and(f32x4.gt(s, zero), f32x4.lt(s, one));
    return v128.and(f32x4.mul(dy, f32x4.splat(0.2)), inside);
  }
  if (kind == TANH) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(s, s)));
  if (kind == SOFTPLUS) return f32x4.mul(dy, sigmoid4(s));
  if (kind == SOFTSIGN) {
    const d = f32x4.add(f32x4.abs(s), one);
    return f32x4.div(f32x4.div(dy, d), d);
  }
  if (kind == SWISH) {
    const y = sigmoid4(s);
    return f32x4.mul(dy, f32x4.add(y, f32x4.mul(f32x4.mul(s, y), f32x4.sub(one, y))));
  }
  const slope = f32x4.add(normalCdf4(s), f32x4.mul(s, normalDensity4(s))); // GELU
  return f32x4.mul(dy, slope);
}

// @ts-ignore: decorator
@inline
function forwardLoop(kind: i32, to: usize, x: usize, batch: i32, vectors: i32, a: f32): void {
  const alpha = f32x4.splat(a);
  const end = x + ((<usize>batch * <usize>vectors) << 4);
  for (; x < end; x += 16, to += 16) v128.store(to, apply(kind, v128.load(x), alpha));
}

// @ts-ignore: decorator
@inline
function backwardLoop(
  kind: i32,
  to: usize,
  dy: usize,
  s: usize,
  batch: i32,
  vectors: i32,
  a: f32,
): void {
  const alpha = f32x4.splat(a);
  const end = dy + ((<usize>batch * <usize>vectors) << 4);
  for (; dy < end; dy += 16, s += 16, to += 16) {
    v128.store(to, differentiate(kind, v128.load(dy), v128.load(s), alpha));
  }
}

export function relu(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(RELU, to, x, batch, vectors, 0);
}
export function reluGradient(to: usize, dy: usize, y: usize, batch: i32, vectors: i32): void {
  backwardLoop(RELU, to, dy, y, batch, vectors, 0);
}

export function relu6(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(RELU6, to, x, batch, vectors, 0);
}
export function relu6Gradient(to: usize, dy: usize, y: usize, batch: i32, vectors: i32): void {
  backwardLoop(RELU6, to, dy, y, batch, vectors, 0);
}

export function leakyRelu(to: usize, x: usize, batch: i32, vectors: i32, alpha: f32): void {
  forwardLoop(LEAKY_RELU, to, x, batch, vectors, alpha);
}
export function leakyReluGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32, alpha: f32): void {
  backwardLoop(LEAKY_RELU, to, dy, x, batch, vectors, alpha);
}

export function elu(to: usize, x: usize, batch: i32, vectors: i32, alpha: f32): void {
  forwardLoop(ELU, to, x, batch, vectors, alpha);
}
export function eluGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32, alpha: f32): void {
  backwardLoop(ELU, to, dy, x, batch, vectors, alpha);
}

export function selu(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(SELU, to, x, batch, vectors, 0);
}
export function seluGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32): void {
  backwardLoop(SELU, to, dy, x, batch, vectors, 0);
}

export function sigmoid(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(SIGMOID, to, x, batch, vectors, 0);
}
export function sigmoidGradient(to: usize, dy: usize, y: usize, batch: i32, vectors: i32): void {
  backwardLoop(SIGMOID, to, dy, y, batch, vectors, 0);
}

export function hardSigmoid(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(HARD_SIGMOID, to, x, batch, vectors, 0);
}
export function hardSigmoidGradient(to: usize, dy: usize, y: usize, batch: i32, vectors: i32): void {
  backwardLoop(HARD_SIGMOID, to, dy, y, batch, vectors, 0);
}

export function tanh(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(TANH, to, x, batch, vectors, 0);
}
export function tanhGradient(to: usize, dy: usize, y: usize, batch: i32, vectors: i32): void {
  backwardLoop(TANH, to, dy, y, batch, vectors, 0);
}

export function softplus(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(SOFTPLUS, to, x, batch, vectors, 0);
}
export function softplusGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32): void {
  backwardLoop(SOFTPLUS, to, dy, x, batch, vectors, 0);
}

export function softsign(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(SOFTSIGN, to, x, batch, vectors, 0);
}
export function softsignGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32): void {
  backwardLoop(SOFTSIGN, to, dy, x, batch, vectors, 0);
}

export function swish(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(SWISH, to, x, batch, vectors, 0);
}
export function swishGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32): void {
  backwardLoop(SWISH, to, dy, x, batch, vectors, 0);
}

export function gelu(to: usize, x: usize, batch: i32, vectors: i32): void {
  forwardLoop(GELU, to, x, batch, vectors, 0);
}
export function geluGradient(to: usize, dy: usize, x: usize, batch: i32, vectors: i32): void {
  backwardLoop(GELU, to, dy, x, batch, vectors, 0);
}
