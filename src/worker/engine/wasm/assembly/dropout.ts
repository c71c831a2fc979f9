import { philoxFourBlocks } from './philox';

/**
 * Dropout (Srivastava et al. 2014), inverted: kept values are scaled, dropped ones are +0. The mask
 * comes from the counters that src/shared/numerics/streams.ts fixes. Forward keeps it for backward:
 *
 *   kept   uint8 [batch][vectors], bit l for lane l
 *
 * A spatial dropout's backward, which is the same kernel over the gradient, draws it again.
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

/** All ones in the lanes whose bits are set in the byte at `kept`. */
// @ts-ignore: decorator
@inline
export function keptLanes(kept: usize): v128 {
  const bits = i32x4(1, 2, 4, 8);
  return i32x4.eq(v128.and(v128.load8_splat(kept), bits), bits);
}

/** Draws the masks of [batch] samples of `vectors` vectors; element e of a sample has draw e. */
export function dropoutMask(
  kept: usize,
  scratch: usize,
  batch: i32,
  vectors: i32,
  samples: usize,
  step: i32,
  stream: i32,
  seedLow: u32,
  seedHigh: u32,
  threshold: i32,
): void {
  const limit = i16x8.splat(<i16>threshold);
  for (let b = 0; b < batch; b++) {
    const sample = load<i32>(samples + (<usize>b << 2));
    let block = 0;
    for (let left = vectors; left > 0; left -= 8, block += 4) {
      philoxFourBlocks(scratch, block, sample, step, stream, seedLow, seedHigh);
      let bits = scratch;
      for (let i = min(left, 8); i > 0; i -= 2, bits += 16, kept += 2) {
        store<u8>(kept, <u8>i32x4.bitmask(keepMask(bits, limit, 0)));
        if (i == 1) {
          kept++;
          break;
        }
        store<u8>(kept, <u8>i32x4.bitmask(keepMask(bits, limit, 1)), 1);
      }
    }
  }
}

/** to = scale·from where kept, else +0; forward and, over gradients, backward. */
export function dropoutApply(
  to: usize,
  from: usize,
  batch: i32,
  vectors: i32,
  kept: usize,
  scale: f32,
): void {
  const factor = f32x4.splat(scale);
  const end = from + (<usize>(batch * vectors) << 4);
  for (; from < end; from += 16, to += 16) {
    v128.store(to, v128.and(f32x4.mul(v128.load(from), factor), keptLanes(kept++)));
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
