import { philoxFourBlocks } from './philox';

/**
 * Dropout (Srivastava et al. 2014), inverted: kept values are scaled, dropped ones are +0. The mask
 * comes from the counters that src/shared/numerics/streams.ts fixes, so backward, which is the same
 * kernel over the gradient, draws it again instead of keeping it.
 *
 * `scratch`: 64 bytes. `threshold` in [0, 65536): an element is dropped when its 16 bits are below.
 * `to` may be `from`.
 */

/** Four of the eight 16-bit draws of a block as a mask of four float32 lanes; `half` 0 or 1. */
// @ts-ignore: decorator
@inline
function keepMask(block: usize, threshold: v128, half: i32): v128 {
  const keep = i16x8.ge_u(v128.load(block), threshold);
  return half == 0 ? i32x4.extend_low_i16x8_s(keep) : i32x4.extend_high_i16x8_s(keep);
}

/** [batch] samples of `vectors` vectors of four float32; element e of a sample has draw e. */
export function dropout(
  to: usize,
  from: usize,
  scratch: usize,
  batch: i32,
  vectors: i32,
  samples: usize,
  step: i32,
  stream: i32,
  seedLow: u32,
  seedHigh: u32,
  threshold: i32,
  scale: f32,
): void {
  const limit = i16x8.splat(<i16>threshold);
  const factor = f32x4.splat(scale);
  for (let b = 0; b < batch; b++) {
    const sample = load<i32>(samples + (<usize>b << 2));
    let block = 0;
    for (let left = vectors; left > 0; left -= 8, block += 4) {
      philoxFourBlocks(scratch, block, sample, step, stream, seedLow, seedHigh);
      const pairs = min(left, 8) >> 1;
      let bits = scratch;
      for (let i = 0; i < pairs; i++) {
        const low = keepMask(bits, limit, 0);
        const high = keepMask(bits, limit, 1);
        v128.store(to, v128.and(f32x4.mul(v128.load(from), factor), low));
        v128.store(to, v128.and(f32x4.mul(v128.load(from, 16), factor), high), 16);
        bits += 16;
        from += 32;
        to += 32;
      }
      if (left < 8 && (left & 1)) {
        v128.store(to, v128.and(f32x4.mul(v128.load(from), factor), keepMask(bits, limit, 0)));
        from += 16;
        to += 16;
      }
    }
  }
}

/** Whole channels: draw c decides for channel c at all `pixels` pixels. [batch][blocks][pixels]. */
export function spatialDropout(
  to: usize,
  from: usize,
  scratch: usize,
  batch: i32,
  blocks: i32,
  pixels: i32,
  samples: usize,
  step: i32,
  stream: i32,
  seedLow: u32,
  seedHigh: u32,
  threshold: i32,
  scale: f32,
): void {
  const limit = i16x8.splat(<i16>threshold);
  const factor = f32x4.splat(scale);
  for (let b = 0; b < batch; b++) {
    const sample = load<i32>(samples + (<usize>b << 2));
    for (let group = 0; group < blocks; group++) {
      // Eight groups of four channels take the four blocks of one call.
      if ((group & 7) == 0) {
        philoxFourBlocks(scratch, group >> 1, sample, step, stream, seedLow, seedHigh);
      }
      const bits = scratch + ((<usize>(group & 7) >> 1) << 4);
      const mask = group & 1 ? keepMask(bits, limit, 1) : keepMask(bits, limit, 0);
      for (let p = 0; p < pixels; p++, from += 16, to += 16) {
        v128.store(to, v128.and(f32x4.mul(v128.load(from), factor), mask));
      }
    }
  }
}
