import { groups, horizontalSum, laneMask } from './lanes';
import { exp4, log4 } from './math';

/**
 * Softmax over channels and its cross entropy with a label, in one pass over each row:
 *
 *   loss = ln Σ e^(z_j − m) − (z_label − m),  m = max z;  ∂loss/∂z = softmax − onehot
 *
 * Nothing overflows whatever the logits are: no exponent is above 0. Lanes past the classes are
 * ignored on input and 0 on output.
 */

// @ts-ignore: decorator
@inline
function horizontalMax(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Greatest of `channels` values in groups of four, `step` bytes apart. */
function rowMax(z: usize, channels: i32, step: usize): f32 {
  let best = f32x4.splat(<f32>-Infinity);
  let left = channels;
  for (; left >= 4; left -= 4, z += step) best = f32x4.max(best, v128.load(z));
  if (left > 0) {
    const mask = laneMask(left);
    best = f32x4.max(best, v128.bitselect(v128.load(z), f32x4.splat(<f32>-Infinity), mask));
  }
  return horizontalMax(best);
}

/** Stores e^(z − m) at y, with 0 past the channels, and returns the sum. */
function exponentials(y: usize, z: usize, channels: i32, step: usize, m: f32): f32 {
  const shift = f32x4.splat(m);
  let sum = f32x4.splat(0);
  let left = channels;
  for (; left > 0; left -= 4, z += step, y += step) {
    const e = v128.and(exp4(f32x4.sub(v128.load(z), shift)), laneMask(left));
    v128.store(y, e);
    sum = f32x4.add(sum, e);
  }
  return horizontalSum(sum);
}

/** Softmax over channels at each pixel, [batch][channels/4][pixels][4]; y may be x. */
export function softmax(y: usize, x: usize, batch: i32, channels: i32, pixels: i32): void {
  const step = <usize>pixels << 4;
  const blocks = groups(channels);
  for (let b = 0; b < batch; b++) {
    for (let p = 0; p < pixels; p++, x += 16, y += 16) {
      const sum = exponentials(y, x, channels, step, rowMax(x, channels, step));
      const divisor = f32x4.splat(sum);
      for (let i = 0, at = y; i < blocks; i++, at += step) {
        v128.store(at, f32x4.div(v128.load(at), divisor));
      }
    }
    x += step * (blocks - 1);
    y += step * (blocks - 1);
  }
}

/** dx = y · (dy − Σ dy·y); dx may be dy. */
export function softmaxGradient(
  dx: usize,
  dy: usize,
  y: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
): void {
  const step = <usize>pixels << 4;
  const blocks = groups(channels);
  for (let b = 0; b < batch; b++) {
    for (let p = 0; p < pixels; p++, dx += 16, dy += 16, y += 16) {
      let sum = f32x4.splat(0);
      let at: usize = 0;
      // Past the channels y is 0, and so are the products.
      for (let i = 0; i < blocks; i++, at += step) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(dy + at), v128.load(y + at)));
      }
      const total = f32x4.splat(horizontalSum(sum));
      at = 0;
      for (let i = 0; i < blocks; i++, at += step) {
        v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), total)));
      }
    }
    dx += step * (blocks - 1);
    dy += step * (blocks - 1);
    y += step * (blocks - 1);
  }
}

/** Index of the greatest; the first of equals. */
function firstMaximum(z: usize, classes: i32, best: f32): i32 {
  for (let i = 0; i < classes; i++) {
    if (load<f32>(z + (<usize>i << 2)) == best) return i;
  }
  return -1;
}

/** Subtracts `share` from the first `channels` values in groups of four. */
function subtractFromEach(at: usize, channels: i32, share: f32): void {
  const each = f32x4.splat(share);
  for (let left = channels; left > 0; left -= 4, at += 16) {
    v128.store(at, f32x4.sub(v128.load(at), v128.and(each, laneMask(left))));
  }
}

/** Mean of z − m over `channels` values in groups of four. */
function meanBelow(z: usize, channels: i32, m: f32): f32 {
  const shift = f32x4.splat(m);
  let sum = f32x4.splat(0);
  for (let left = channels; left > 0; left -= 4, z += 16) {
    sum = f32x4.add(sum, v128.and(f32x4.sub(v128.load(z), shift), laneMask(left)));
  }
  return horizontalSum(sum) / <f32>channels;
}

/**
 * Of logits float32 [batch][⌈classes/4⌉·4] and labels uint16 [batch]: stores the sum of the losses
 * (added in float64, in order) as float32 at `loss`, or adds it there (`add`), the number of samples whose greatest logit
 * (the first of equals) is the label's as int32 at `correct`, and the gradient of the sum, in the
 * shape of the logits, at `gradient`, which may be `logits`.
 *
 * With `smoothing` ε > 0 the label's share is 1 − ε + ε/classes and every other class's ε/classes
 * (Szegedy et al. 2016, section 7): loss + ε·(z_label − mean z),
 * ∂loss/∂z = softmax − (1 − ε)·onehot − ε/classes.
 */
export function softmaxCrossEntropy(
  gradient: usize,
  logits: usize,
  labels: usize,
  batch: i32,
  classes: i32,
  loss: usize,
  correct: usize,
  add: bool,
  smoothing: f32,
): void {
  const row = <usize>groups(classes) << 4;
  let total: f64 = 0;
  let right = 0;
  for (let b = 0; b < batch; b++, logits += row, gradient += row, labels += 2) {
    const label = <i32>load<u16>(labels);
    const best = rowMax(logits, classes, 16);
    if (firstMaximum(logits, classes, best) == label) right++;
    const labelled = load<f32>(logits + (<usize>label << 2));
    let extra: f32 = 0;
    if (smoothing > 0) extra = smoothing * (labelled - best - meanBelow(logits, classes, best));
    const sum = exponentials(gradient, logits, classes, 16, best);
    total += <f64>(logarithm(sum) - (labelled - best)) + <f64>extra;
    const divisor = f32x4.splat(sum);
    for (let at: usize = 0; at < row; at += 16) {
      v128.store(gradient + at, f32x4.div(v128.load(gradient + at), divisor));
    }
    if (smoothing > 0) subtractFromEach(gradient, classes, smoothing / <f32>classes);
    const own = gradient + (<usize>label << 2);
    store<f32>(own, load<f32>(own) - (<f32>1 - smoothing));
  }
  store<f32>(loss, add ? load<f32>(loss) + <f32>total : <f32>total);
  store<i32>(correct, right);
}

/** The same without a gradient, the logits left as they are. */
export function crossEntropyOnly(
  logits: usize,
  labels: usize,
  batch: i32,
  classes: i32,
  loss: usize,
  correct: usize,
): void {
  const row = <usize>groups(classes) << 4;
  let total: f64 = 0;
  let right = 0;
  for (let b = 0; b < batch; b++, logits += row, labels += 2) {
    const label = <i32>load<u16>(labels);
    const best = rowMax(logits, classes, 16);
    if (firstMaximum(logits, classes, best) == label) right++;
    const labelled = load<f32>(logits + (<usize>label << 2));
    const shift = f32x4.splat(best);
    let sum = f32x4.splat(0);
    for (let left = classes, z = logits; left > 0; left -= 4, z += 16) {
      const e = exp4(f32x4.sub(v128.load(z), shift));
      sum = f32x4.add(sum, v128.and(e, laneMask(left)));
    }
    total += <f64>(logarithm(horizontalSum(sum)) - (labelled - best));
  }
  store<f32>(loss, <f32>total);
  store<i32>(correct, right);
}

// @ts-ignore: decorator
@inline
function logarithm(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}

/** Class probabilities float32 [batch][classes] of logits [batch][⌈classes/4⌉·4], overwritten. */
export function softmaxRows(out: usize, logits: usize, batch: i32, classes: i32): void {
  const row = <usize>groups(classes) << 4;
  for (let b = 0; b < batch; b++, logits += row) {
    const sum = exponentials(logits, logits, classes, 16, rowMax(logits, classes, 16));
    for (let i = 0; i < classes; i++, out += 4) {
      store<f32>(out, load<f32>(logits + (<usize>i << 2)) / sum);
    }
  }
}
