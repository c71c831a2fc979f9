import { copyVectorRun, groups, zeroVectors } from './lanes';

/**
 * Kernels that move values: between layouts, between maps of other shapes, between channels.
 * Maps are [batch][channels/4][pixels][4]; all of them leave zeros in lanes past the channels.
 */

/** x/255, as float32 division, of uint8 [batch][pixels][channels]. */
export function decodePixels(
  to: usize,
  from: usize,
  batch: i32,
  channels: i32,
  pixels: i32,
): void {
  const byte = f32x4.splat(255.0);
  const blocks = groups(channels);
  for (let b = 0; b < batch; b++, from += pixels * channels) {
    for (let block = 0; block < blocks; block++) {
      const count = channels - block * 4;
      let source = from + block * 4;
      for (let p = 0; p < pixels; p++, source += channels, to += 16) {
        let v = i32x4.splat(0);
        v = i32x4.replace_lane(v, 0, <i32>load<u8>(source));
        if (count > 1) v = i32x4.replace_lane(v, 1, <i32>load<u8>(source, 1));
        if (count > 2) v = i32x4.replace_lane(v, 2, <i32>load<u8>(source, 2));
        if (count > 3) v = i32x4.replace_lane(v, 3, <i32>load<u8>(source, 3));
        v128.store(to, f32x4.div(f32x4.convert_i32x4_u(v), byte));
      }
    }
  }
}

/** Another shape over the same values in channels-last order: p·C + c stays. Not in place. */
export function reshape(
  to: usize,
  from: usize,
  batch: i32,
  fromChannels: i32,
  fromPixels: i32,
  toChannels: i32,
  toPixels: i32,
): void {
  const fromSample = (<usize>groups(fromChannels) * fromPixels) << 4;
  const toVectors = groups(toChannels) * toPixels;
  const fromPlane = <usize>fromPixels << 4;
  const toPlane = <usize>toPixels << 4;
  for (let b = 0; b < batch; b++) {
    zeroVectors(to, toVectors);
    let fromPixel: usize = from;
    let toPixel: usize = to;
    let i = 0;
    for (let p = 0; p < fromPixels; p++, fromPixel += 16) {
      for (let c = 0; c < fromChannels; c++) {
        const value = load<f32>(fromPixel + fromPlane * (c >> 2) + ((<usize>c & 3) << 2));
        store<f32>(toPixel + toPlane * (i >> 2) + ((<usize>i & 3) << 2), value);
        if (++i == toChannels) {
          i = 0;
          toPixel += 16;
        }
      }
    }
    from += fromSample;
    to += <usize>toVectors << 4;
  }
}

/** A map into the middle of a larger one of zeros. */
export function zeroPad(
  to: usize,
  from: usize,
  batch: i32,
  blocks: i32,
  height: i32,
  width: i32,
  toHeight: i32,
  toWidth: i32,
  top: i32,
  left: i32,
): void {
  const row = <usize>width << 4;
  const toRow = <usize>toWidth << 4;
  for (let plane = batch * blocks; plane > 0; plane--) {
    zeroVectors(to, toHeight * toWidth);
    let at = to + toRow * top + (<usize>left << 4);
    for (let y = 0; y < height; y++, from += row, at += toRow) copyVectorRun(from, at, width);
    to += toRow * toHeight;
  }
}

/** The part of a larger map that zeroPad filled: its backward. */
export function crop(
  to: usize,
  from: usize,
  batch: i32,
  blocks: i32,
  height: i32,
  width: i32,
  fromHeight: i32,
  fromWidth: i32,
  top: i32,
  left: i32,
): void {
  const row = <usize>width << 4;
  const fromRow = <usize>fromWidth << 4;
  for (let plane = batch * blocks; plane > 0; plane--, from += fromRow * fromHeight) {
    let at = from + fromRow * top + (<usize>left << 4);
    for (let y = 0; y < height; y++, to += row, at += fromRow) copyVectorRun(at, to, width);
  }
}

/** to = a + b over [batch] samples of `vectors` vectors; `to` may be a or b. */
export function add(to: usize, a: usize, b: usize, batch: i32, vectors: i32): void {
  const end = a + ((<usize>batch * <usize>vectors) << 4);
  for (; a < end; a += 16, b += 16, to += 16) {
    v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
  }
}

/** to += from: gradients that meet where an output went to several nodes. */
export function addInto(to: usize, from: usize, batch: i32, vectors: i32): void {
  add(to, to, from, batch, vectors);
}

/** to = from; nothing where they are the same. */
export function copy(to: usize, from: usize, batch: i32, vectors: i32): void {
  if (to != from) copyVectorRun(from, to, batch * vectors);
}

/**
 * Channels [fromFirst, fromFirst + count) of one map to [toFirst, …) of another: concatenation and
 * its backward. Whoever copies the last channels of `to` also zeros the lanes past them.
 */
export function copyChannels(
  to: usize,
  from: usize,
  batch: i32,
  pixels: i32,
  toChannels: i32,
  toFirst: i32,
  fromChannels: i32,
  fromFirst: i32,
  count: i32,
): void {
  const plane = <usize>pixels << 4;
  const toSample = plane * groups(toChannels);
  const fromSample = plane * groups(fromChannels);
  const aligned = ((toFirst | fromFirst) & 3) == 0;
  const whole = aligned ? count >> 2 : 0;
  const pastEnd = toFirst + count == toChannels ? groups(toChannels) * 4 : 0;
  for (let b = 0; b < batch; b++, to += toSample, from += fromSample) {
    const target = to + plane * (toFirst >> 2);
    const source = from + plane * (fromFirst >> 2);
    copyVectorRun(source, target, whole * pixels);
    for (let c = whole << 2; c < count; c++) copyLane(to, from, pixels, toFirst + c, fromFirst + c);
    for (let c = toChannels; c < pastEnd; c++) zeroLane(to, pixels, c);
  }
}

function copyLane(to: usize, from: usize, pixels: i32, toChannel: i32, fromChannel: i32): void {
  const plane = <usize>pixels << 4;
  to += plane * (toChannel >> 2) + ((<usize>toChannel & 3) << 2);
  from += plane * (fromChannel >> 2) + ((<usize>fromChannel & 3) << 2);
  for (let p = 0; p < pixels; p++, to += 16, from += 16) store<f32>(to, load<f32>(from));
}

function zeroLane(to: usize, pixels: i32, channel: i32): void {
  to += (<usize>pixels << 4) * (channel >> 2) + ((<usize>channel & 3) << 2);
  for (let p = 0; p < pixels; p++, to += 16) store<f32>(to, 0);
}
