/**
 * Written by scripts/winograd/write-transforms.mjs from exact fractions; do not edit.
 *
 * One-dimensional transforms of Winograd's minimal filtering on vectors of four channels. A form
 * F(m, r) makes m outputs of r taps from m + r − 1 inputs by as many products, one a point:
 *
 *   V = Bᵀ·x    U = G·w    M = V ⊙ U (a matrix product over channels)    y = Aᵀ·M
 *
 * and the adjoint of each for backward. Two dimensions: along columns, then along rows. All forms
 * of one r take their points from one list, in its order, and share U; see
 * scripts/winograd/matrices.mjs for the matrices and their source. PAIR is a line of two between
 * zeros. The form is a constant wherever these are inlined.
 */
import { madd, relu } from './simd';

// @ts-ignore: decorator
@inline
function storeOrAdd(to: usize, x: v128, add: bool): void {
  v128.store(to, add ? f32x4.add(v128.load(to), x) : x);
}

/** What is done to an output as it is stored. */
export const AS_IS: i32 = 0;
export const BIASED: i32 = 1;
export const BIASED_RELU: i32 = 2;

// @ts-ignore: decorator
@inline
function storeOutput(to: usize, y: v128, finish: i32, bias: v128): void {
  if (finish == AS_IS) v128.store(to, y);
  else if (finish == BIASED) v128.store(to, f32x4.add(y, bias));
  else v128.store(to, relu(f32x4.add(y, bias)));
}

/** Stores the factors that all transforms find at `k`. */
export function storeConstants(k: usize): void {
  store<f32>(k, <f32>(-25.0 / 64.0), 0);
  store<f32>(k, <f32>(1225.0 / 1024.0), 4);
  store<f32>(k, <f32>(-49.0 / 16.0), 8);
  store<f32>(k, <f32>(-855.0 / 512.0), 12);
  store<f32>(k, <f32>(-171.0 / 64.0), 16);
  store<f32>(k, <f32>(855.0 / 512.0), 20);
  store<f32>(k, <f32>(1024.0 / 1225.0), 24);
  store<f32>(k, <f32>(-2048.0 / 4275.0), 28);
  store<f32>(k, <f32>(-256.0 / 855.0), 32);
  store<f32>(k, <f32>(-32.0 / 171.0), 36);
  store<f32>(k, <f32>(256.0 / 855.0), 40);
  store<f32>(k, <f32>(5.0 / 8.0), 44);
  store<f32>(k, <f32>(-5.0 / 8.0), 48);
  store<f32>(k, <f32>(175.0 / 256.0), 52);
  store<f32>(k, <f32>(-7.0 / 4.0), 56);
  store<f32>(k, <f32>(-175.0 / 256.0), 60);
  store<f32>(k, <f32>(7.0 / 4.0), 64);
  store<f32>(k, <f32>(-665.0 / 256.0), 68);
  store<f32>(k, <f32>(19.0 / 8.0), 72);
  store<f32>(k, <f32>(315.0 / 256.0), 76);
  store<f32>(k, <f32>(9.0 / 8.0), 80);
  store<f32>(k, <f32>(-175.0 / 128.0), 84);
  store<f32>(k, <f32>(7.0 / 2.0), 88);
  store<f32>(k, <f32>(16.0 / 49.0), 92);
  store<f32>(k, <f32>(245.0 / 128.0), 96);
  store<f32>(k, <f32>(-245.0 / 128.0), 100);
  store<f32>(k, <f32>(512.0 / 8379.0), 104);
  store<f32>(k, <f32>(128.0 / 1197.0), 108);
  store<f32>(k, <f32>(32.0 / 171.0), 112);
  store<f32>(k, <f32>(49.0 / 16.0), 116);
  store<f32>(k, <f32>(25.0 / 64.0), 120);
  store<f32>(k, <f32>(-221.0 / 64.0), 124);
  store<f32>(k, <f32>(64.0 / 25.0), 128);
  store<f32>(k, <f32>(-128.0 / 1197.0), 132);
  store<f32>(k, <f32>(125.0 / 512.0), 136);
  store<f32>(k, <f32>(343.0 / 64.0), 140);
  store<f32>(k, <f32>(-125.0 / 512.0), 144);
  store<f32>(k, <f32>(-343.0 / 64.0), 148);
  store<f32>(k, <f32>(-1225.0 / 1024.0), 152);
  store<f32>(k, <f32>(4761.0 / 1024.0), 156);
  store<f32>(k, <f32>(-285.0 / 64.0), 160);
  store<f32>(k, <f32>(-4761.0 / 1024.0), 164);
  store<f32>(k, <f32>(285.0 / 64.0), 168);
  store<f32>(k, <f32>(-245.0 / 78.0), 172);
  store<f32>(k, <f32>(-196.0 / 39.0), 176);
  store<f32>(k, <f32>(25.0 / 6.0), 180);
  store<f32>(k, <f32>(20.0 / 3.0), 184);
  store<f32>(k, <f32>(-40.0 / 39.0), 188);
  store<f32>(k, <f32>(-64.0 / 39.0), 192);
  store<f32>(k, <f32>(245.0 / 78.0), 196);
  store<f32>(k, <f32>(-25.0 / 6.0), 200);
  store<f32>(k, <f32>(40.0 / 39.0), 204);
  store<f32>(k, <f32>(175.0 / 528.0), 208);
  store<f32>(k, <f32>(25.0 / 132.0), 212);
  store<f32>(k, <f32>(-623.0 / 528.0), 216);
  store<f32>(k, <f32>(-89.0 / 132.0), 220);
  store<f32>(k, <f32>(28.0 / 33.0), 224);
  store<f32>(k, <f32>(16.0 / 33.0), 228);
  store<f32>(k, <f32>(-175.0 / 528.0), 232);
  store<f32>(k, <f32>(623.0 / 528.0), 236);
  store<f32>(k, <f32>(-28.0 / 33.0), 240);
  store<f32>(k, <f32>(221.0 / 64.0), 244);
  store<f32>(k, <f32>(65.0 / 49.0), 248);
  store<f32>(k, <f32>(-16.0 / 49.0), 252);
  store<f32>(k, <f32>(-89.0 / 25.0), 256);
  store<f32>(k, <f32>(512.0 / 1287.0), 260);
  store<f32>(k, <f32>(-512.0 / 1287.0), 264);
  store<f32>(k, <f32>(625.0 / 4096.0), 268);
  store<f32>(k, <f32>(2401.0 / 256.0), 272);
  store<f32>(k, <f32>(3125.0 / 32768.0), 276);
  store<f32>(k, <f32>(16807.0 / 1024.0), 280);
  store<f32>(k, <f32>(-3125.0 / 32768.0), 284);
  store<f32>(k, <f32>(-16807.0 / 1024.0), 288);
  store<f32>(k, <f32>(-2.0 / 1.0), 292);
  store<f32>(k, <f32>(4.0 / 1.0), 296);
  store<f32>(k, <f32>(5.0 / 2.0), 300);
  store<f32>(k, <f32>(-5.0 / 1.0), 304);
  store<f32>(k, <f32>(-1.0 / 2.0), 308);
  store<f32>(k, <f32>(3.0 / 1.0), 312);
  store<f32>(k, <f32>(-3.0 / 1.0), 316);
  store<f32>(k, <f32>(-27.0 / 4.0), 320);
  store<f32>(k, <f32>(3.0 / 4.0), 324);
  store<f32>(k, <f32>(3.0 / 2.0), 328);
  store<f32>(k, <f32>(-15.0 / 4.0), 332);
  store<f32>(k, <f32>(15.0 / 4.0), 336);
  store<f32>(k, <f32>(-3.0 / 2.0), 340);
  store<f32>(k, <f32>(2.0 / 1.0), 344);
  store<f32>(k, <f32>(-5.0 / 2.0), 348);
  store<f32>(k, <f32>(1.0 / 2.0), 352);
  store<f32>(k, <f32>(-17.0 / 4.0), 356);
  store<f32>(k, <f32>(2.0 / 9.0), 360);
  store<f32>(k, <f32>(1.0 / 45.0), 364);
  store<f32>(k, <f32>(2.0 / 45.0), 368);
  store<f32>(k, <f32>(4.0 / 45.0), 372);
  store<f32>(k, <f32>(8.0 / 45.0), 376);
  store<f32>(k, <f32>(16.0 / 45.0), 380);
  store<f32>(k, <f32>(-1.0 / 45.0), 384);
  store<f32>(k, <f32>(-4.0 / 45.0), 388);
  store<f32>(k, <f32>(-16.0 / 45.0), 392);
  store<f32>(k, <f32>(-2.0 / 9.0), 396);
  store<f32>(k, <f32>(16.0 / 1.0), 400);
  store<f32>(k, <f32>(21.0 / 4.0), 404);
  store<f32>(k, <f32>(-21.0 / 4.0), 408);
  store<f32>(k, <f32>(17.0 / 4.0), 412);
  store<f32>(k, <f32>(1.0 / 4.0), 416);
  store<f32>(k, <f32>(-5.0 / 4.0), 420);
  store<f32>(k, <f32>(1.0 / 16.0), 424);
  store<f32>(k, <f32>(1.0 / 8.0), 428);
  store<f32>(k, <f32>(-1.0 / 8.0), 432);
  store<f32>(k, <f32>(8.0 / 1.0), 436);
  store<f32>(k, <f32>(-10.0 / 1.0), 440);
  store<f32>(k, <f32>(-8.0 / 1.0), 444);
  store<f32>(k, <f32>(10.0 / 1.0), 448);
}

export const PAIR: i32 = 48;
export const F23: i32 = 50;
export const F33: i32 = 51;
export const F43: i32 = 52;
export const F63: i32 = 54;
export const F25: i32 = 82;
export const F35: i32 = 83;
export const F45: i32 = 84;

/** Inputs of a tile. */
// @ts-ignore: decorator
@inline
export function inputsOf(form: i32): i32 {
  if (form == PAIR) return 2;
  if (form == F23) return 4;
  if (form == F33) return 5;
  if (form == F43) return 6;
  if (form == F63) return 8;
  if (form == F25) return 6;
  if (form == F35) return 7;
  if (form == F45) return 8;
  return 0;
}

/** Points, and so products, of a tile. */
// @ts-ignore: decorator
@inline
export function pointsOf(form: i32): i32 {
  if (form == PAIR) return 3;
  if (form == F23) return 4;
  if (form == F33) return 5;
  if (form == F43) return 6;
  if (form == F63) return 8;
  if (form == F25) return 6;
  if (form == F35) return 7;
  if (form == F45) return 8;
  return 0;
}

/** Outputs of a tile. */
// @ts-ignore: decorator
@inline
export function outputsOf(form: i32): i32 {
  if (form == PAIR) return 2;
  if (form == F23) return 2;
  if (form == F33) return 3;
  if (form == F43) return 4;
  if (form == F63) return 6;
  if (form == F25) return 2;
  if (form == F35) return 3;
  if (form == F45) return 4;
  return 0;
}

/** Taps of the filter. */
// @ts-ignore: decorator
@inline
export function tapsOf(form: i32): i32 {
  if (form == PAIR) return 3;
  if (form == F23) return 3;
  if (form == F33) return 3;
  if (form == F43) return 3;
  if (form == F63) return 3;
  if (form == F25) return 5;
  if (form == F35) return 5;
  if (form == F45) return 5;
  return 0;
}

/** Bᵀ: inputs to points, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function inputPoints(
  k: usize,
  form: i32,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  x4: v128,
  x5: v128,
  x6: v128,
  x7: v128,
  to: usize,
  step: usize,
): void {
  if (form == PAIR) {
    v128.store(to, f32x4.add(x0, x1));
    to += step;
    v128.store(to, x1);
    to += step;
    v128.store(to, x0);
  }
  if (form == F23) {
    const even0 = f32x4.mul(x2, v128.load32_splat(k, 16));
    const odd0 = f32x4.neg(x1);
    v128.store(to, madd(x1, v128.load32_splat(k, 0), x3));
    to += step;
    v128.store(to, madd(x2, v128.load32_splat(k, 8), f32x4.mul(x0, v128.load32_splat(k, 4))));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 20), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 12), even0));
  }
  if (form == F33) {
    const even0 = madd(x3, v128.load32_splat(k, 64), madd(x2, v128.load32_splat(k, 16), f32x4.mul(x1, v128.load32_splat(k, 60))));
    const odd0 = madd(x3, v128.load32_splat(k, 92), f32x4.neg(x1));
    v128.store(to, madd(x3, v128.load32_splat(k, 56), madd(x2, v128.load32_splat(k, 0), madd(x1, v128.load32_splat(k, 52), x4))));
    to += step;
    v128.store(to, madd(x3, v128.load32_splat(k, 64), madd(x2, v128.load32_splat(k, 8), madd(x1, v128.load32_splat(k, 60), f32x4.mul(x0, v128.load32_splat(k, 4))))));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 96), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 100), even0));
    to += step;
    v128.store(to, madd(x3, v128.load32_splat(k, 88), f32x4.mul(x1, v128.load32_splat(k, 84))));
  }
  if (form == F43) {
    const even0 = madd(x2, v128.load32_splat(k, 8), x4);
    const odd0 = madd(x3, v128.load32_splat(k, 92), f32x4.neg(x1));
    const even1 = madd(x2, v128.load32_splat(k, 0), x4);
    const odd1 = madd(x3, v128.load32_splat(k, 128), f32x4.neg(x1));
    v128.store(to, madd(x3, v128.load32_splat(k, 124), madd(x1, v128.load32_splat(k, 4), x5)));
    to += step;
    v128.store(to, madd(x2, v128.load32_splat(k, 124), madd(x0, v128.load32_splat(k, 4), x4)));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 96), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 100), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 52), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 60), even1));
  }
  if (form == F63) {
    const even0 = madd(x6, v128.load32_splat(k, 192), madd(x4, v128.load32_splat(k, 184), f32x4.mul(x2, v128.load32_splat(k, 176))));
    const odd0 = madd(x5, v128.load32_splat(k, 252), madd(x3, v128.load32_splat(k, 248), f32x4.neg(x1)));
    const even1 = madd(x6, v128.load32_splat(k, 228), madd(x4, v128.load32_splat(k, 220), f32x4.mul(x2, v128.load32_splat(k, 212))));
    const odd1 = madd(x5, v128.load32_splat(k, 128), madd(x3, v128.load32_splat(k, 256), x1));
    const even2 = madd(x4, v128.load32_splat(k, 124), madd(x2, v128.load32_splat(k, 4), x6));
    const odd2 = madd(x3, v128.load32_splat(k, 124), madd(x1, v128.load32_splat(k, 4), x5));
    v128.store(to, madd(x5, v128.load32_splat(k, 160), madd(x3, v128.load32_splat(k, 156), madd(x1, v128.load32_splat(k, 152), x7))));
    to += step;
    v128.store(to, f32x4.sub(madd(x4, v128.load32_splat(k, 168), madd(x2, v128.load32_splat(k, 164), f32x4.mul(x0, v128.load32_splat(k, 4)))), x6));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 196), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 172), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 208), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 232), even1));
    to += step;
    v128.store(to, f32x4.add(even2, odd2));
    to += step;
    v128.store(to, f32x4.sub(even2, odd2));
  }
  if (form == F25) {
    const even0 = madd(x4, v128.load32_splat(k, 352), madd(x3, v128.load32_splat(k, 324), madd(x2, v128.load32_splat(k, 348), madd(x1, v128.load32_splat(k, 316), f32x4.mul(x0, v128.load32_splat(k, 344))))));
    const odd0 = f32x4.add(madd(x2, v128.load32_splat(k, 356), x0), x4);
    const even1 = madd(x4, v128.load32_splat(k, 352), madd(x3, v128.load32_splat(k, 336), madd(x2, v128.load32_splat(k, 348), madd(x1, v128.load32_splat(k, 332), f32x4.mul(x0, v128.load32_splat(k, 344))))));
    const odd1 = madd(x4, v128.load32_splat(k, 296), madd(x2, v128.load32_splat(k, 304), x0));
    v128.store(to, madd(x4, v128.load32_splat(k, 308), madd(x3, v128.load32_splat(k, 304), madd(x2, v128.load32_splat(k, 300), madd(x1, v128.load32_splat(k, 296), madd(x0, v128.load32_splat(k, 292), x5))))));
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 352), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 308), even1));
    to += step;
    v128.store(to, madd(x2, v128.load32_splat(k, 304), madd(x0, v128.load32_splat(k, 296), x4)));
  }
  if (form == F35) {
    const even0 = f32x4.add(madd(x3, v128.load32_splat(k, 356), x1), x5);
    const odd0 = f32x4.add(madd(x2, v128.load32_splat(k, 356), x0), x4);
    const even1 = madd(x3, v128.load32_splat(k, 420), madd(x1, v128.load32_splat(k, 416), x5));
    const odd1 = madd(x4, v128.load32_splat(k, 296), madd(x2, v128.load32_splat(k, 304), x0));
    const even2 = madd(x3, v128.load32_splat(k, 304), madd(x1, v128.load32_splat(k, 296), x5));
    const odd2 = madd(x4, v128.load32_splat(k, 416), madd(x2, v128.load32_splat(k, 420), x0));
    v128.store(to, madd(x4, v128.load32_splat(k, 408), madd(x2, v128.load32_splat(k, 404), f32x4.sub(x6, x0))));
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 352), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 308), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 344), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 292), even2));
  }
  if (form == F45) {
    const even0 = f32x4.add(madd(x3, v128.load32_splat(k, 356), x1), x5);
    const odd0 = f32x4.add(madd(x4, v128.load32_splat(k, 356), x2), x6);
    const even1 = madd(x3, v128.load32_splat(k, 420), madd(x1, v128.load32_splat(k, 416), x5));
    const odd1 = madd(x6, v128.load32_splat(k, 296), madd(x4, v128.load32_splat(k, 304), x2));
    const even2 = madd(x3, v128.load32_splat(k, 304), madd(x1, v128.load32_splat(k, 296), x5));
    const odd2 = madd(x6, v128.load32_splat(k, 416), madd(x4, v128.load32_splat(k, 420), x2));
    v128.store(to, madd(x5, v128.load32_splat(k, 408), madd(x3, v128.load32_splat(k, 404), f32x4.sub(x7, x1))));
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 428), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 432), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 436), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 444), even2));
    to += step;
    v128.store(to, madd(x4, v128.load32_splat(k, 408), madd(x2, v128.load32_splat(k, 404), f32x4.sub(x6, x0))));
  }
}

/** B: gradients of points to gradients of inputs. Those that an earlier tile has stored
 * already, the first taps − 1, are added where `overlap` is on. */
// @ts-ignore: decorator
@inline
export function inputGradients(
  k: usize,
  form: i32,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  v4: v128,
  v5: v128,
  v6: v128,
  v7: v128,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  to4: usize,
  to5: usize,
  to6: usize,
  to7: usize,
  overlap: bool,
): void {
  if (form == PAIR) {
    v128.store(to0, f32x4.add(v0, v2));
    v128.store(to1, f32x4.add(v0, v1));
  }
  if (form == F23) {
    const sum0 = f32x4.add(v2, v3);
    const difference0 = f32x4.sub(v2, v3);
    storeOrAdd(to0, f32x4.mul(v1, v128.load32_splat(k, 4)), overlap);
    storeOrAdd(to1, madd(difference0, v128.load32_splat(k, 12), f32x4.mul(v0, v128.load32_splat(k, 0))), overlap);
    v128.store(to2, madd(sum0, v128.load32_splat(k, 16), f32x4.mul(v1, v128.load32_splat(k, 8))));
    v128.store(to3, v0);
  }
  if (form == F33) {
    const sum0 = f32x4.add(v2, v3);
    const difference0 = f32x4.sub(v2, v3);
    storeOrAdd(to0, f32x4.mul(v1, v128.load32_splat(k, 4)), overlap);
    storeOrAdd(to1, madd(difference0, v128.load32_splat(k, 100), madd(sum0, v128.load32_splat(k, 60), madd(v4, v128.load32_splat(k, 84), madd(v1, v128.load32_splat(k, 60), f32x4.mul(v0, v128.load32_splat(k, 52)))))), overlap);
    v128.store(to2, madd(sum0, v128.load32_splat(k, 16), madd(v1, v128.load32_splat(k, 8), f32x4.mul(v0, v128.load32_splat(k, 0)))));
    v128.store(to3, madd(difference0, v128.load32_splat(k, 44), madd(sum0, v128.load32_splat(k, 64), madd(v4, v128.load32_splat(k, 88), madd(v1, v128.load32_splat(k, 64), f32x4.mul(v0, v128.load32_splat(k, 56)))))));
    v128.store(to4, v0);
  }
  if (form == F43) {
    const sum0 = f32x4.add(v2, v3);
    const difference0 = f32x4.sub(v2, v3);
    const sum1 = f32x4.add(v4, v5);
    const difference1 = f32x4.sub(v4, v5);
    storeOrAdd(to0, f32x4.mul(v1, v128.load32_splat(k, 4)), overlap);
    storeOrAdd(to1, madd(difference1, v128.load32_splat(k, 60), madd(difference0, v128.load32_splat(k, 100), f32x4.mul(v0, v128.load32_splat(k, 4)))), overlap);
    v128.store(to2, madd(sum1, v128.load32_splat(k, 0), madd(sum0, v128.load32_splat(k, 8), f32x4.mul(v1, v128.load32_splat(k, 124)))));
    v128.store(to3, madd(difference1, v128.load32_splat(k, 64), madd(difference0, v128.load32_splat(k, 44), f32x4.mul(v0, v128.load32_splat(k, 124)))));
    v128.store(to4, f32x4.add(f32x4.add(v1, sum0), sum1));
    v128.store(to5, v0);
  }
  if (form == F63) {
    const sum0 = f32x4.add(v2, v3);
    const difference0 = f32x4.sub(v2, v3);
    const sum1 = f32x4.add(v4, v5);
    const difference1 = f32x4.sub(v4, v5);
    const sum2 = f32x4.add(v6, v7);
    const difference2 = f32x4.sub(v6, v7);
    storeOrAdd(to0, f32x4.mul(v1, v128.load32_splat(k, 4)), overlap);
    storeOrAdd(to1, madd(difference2, v128.load32_splat(k, 4), madd(difference1, v128.load32_splat(k, 208), madd(difference0, v128.load32_splat(k, 172), f32x4.mul(v0, v128.load32_splat(k, 152))))), overlap);
    v128.store(to2, madd(sum2, v128.load32_splat(k, 4), madd(sum1, v128.load32_splat(k, 212), madd(sum0, v128.load32_splat(k, 176), f32x4.mul(v1, v128.load32_splat(k, 164))))));
    v128.store(to3, madd(difference2, v128.load32_splat(k, 124), madd(difference1, v128.load32_splat(k, 216), madd(difference0, v128.load32_splat(k, 180), f32x4.mul(v0, v128.load32_splat(k, 156))))));
    v128.store(to4, madd(sum2, v128.load32_splat(k, 124), madd(sum1, v128.load32_splat(k, 220), madd(sum0, v128.load32_splat(k, 184), f32x4.mul(v1, v128.load32_splat(k, 168))))));
    v128.store(to5, madd(difference1, v128.load32_splat(k, 224), madd(difference0, v128.load32_splat(k, 188), madd(v0, v128.load32_splat(k, 160), difference2))));
    v128.store(to6, madd(sum1, v128.load32_splat(k, 228), madd(sum0, v128.load32_splat(k, 192), f32x4.sub(sum2, v1))));
    v128.store(to7, v0);
  }
  if (form == F25) {
    const sum0 = f32x4.add(v1, v2);
    const difference0 = f32x4.sub(v1, v2);
    const sum1 = f32x4.add(v3, v4);
    const difference1 = f32x4.sub(v3, v4);
    storeOrAdd(to0, madd(difference1, v128.load32_splat(k, 352), madd(sum1, v128.load32_splat(k, 344), madd(sum0, v128.load32_splat(k, 344), madd(v5, v128.load32_splat(k, 296), madd(v0, v128.load32_splat(k, 292), difference0))))), overlap);
    storeOrAdd(to1, madd(sum1, v128.load32_splat(k, 332), madd(sum0, v128.load32_splat(k, 316), f32x4.mul(v0, v128.load32_splat(k, 296)))), overlap);
    storeOrAdd(to2, madd(difference1, v128.load32_splat(k, 348), madd(sum1, v128.load32_splat(k, 348), madd(difference0, v128.load32_splat(k, 356), madd(sum0, v128.load32_splat(k, 348), madd(v5, v128.load32_splat(k, 304), f32x4.mul(v0, v128.load32_splat(k, 300))))))), overlap);
    storeOrAdd(to3, madd(sum1, v128.load32_splat(k, 336), madd(sum0, v128.load32_splat(k, 324), f32x4.mul(v0, v128.load32_splat(k, 304)))), overlap);
    v128.store(to4, madd(difference1, v128.load32_splat(k, 344), madd(sum1, v128.load32_splat(k, 352), f32x4.add(madd(sum0, v128.load32_splat(k, 352), madd(v0, v128.load32_splat(k, 308), v5)), difference0))));
    v128.store(to5, v0);
  }
  if (form == F35) {
    const sum0 = f32x4.add(v1, v2);
    const difference0 = f32x4.sub(v1, v2);
    const sum1 = f32x4.add(v3, v4);
    const difference1 = f32x4.sub(v3, v4);
    const sum2 = f32x4.add(v5, v6);
    const difference2 = f32x4.sub(v5, v6);
    storeOrAdd(to0, madd(difference2, v128.load32_splat(k, 344), madd(difference1, v128.load32_splat(k, 352), f32x4.sub(difference0, v0))), overlap);
    storeOrAdd(to1, madd(sum2, v128.load32_splat(k, 296), madd(sum1, v128.load32_splat(k, 416), sum0)), overlap);
    storeOrAdd(to2, madd(difference2, v128.load32_splat(k, 348), madd(difference1, v128.load32_splat(k, 348), madd(difference0, v128.load32_splat(k, 356), f32x4.mul(v0, v128.load32_splat(k, 404))))), overlap);
    storeOrAdd(to3, madd(sum2, v128.load32_splat(k, 304), madd(sum1, v128.load32_splat(k, 420), f32x4.mul(sum0, v128.load32_splat(k, 356)))), overlap);
    v128.store(to4, madd(difference2, v128.load32_splat(k, 352), madd(difference1, v128.load32_splat(k, 344), madd(v0, v128.load32_splat(k, 408), difference0))));
    v128.store(to5, f32x4.add(f32x4.add(sum0, sum1), sum2));
    v128.store(to6, v0);
  }
  if (form == F45) {
    const sum0 = f32x4.add(v1, v2);
    const difference0 = f32x4.sub(v1, v2);
    const sum1 = f32x4.add(v3, v4);
    const difference1 = f32x4.sub(v3, v4);
    const sum2 = f32x4.add(v5, v6);
    const difference2 = f32x4.sub(v5, v6);
    storeOrAdd(to0, f32x4.neg(v7), overlap);
    storeOrAdd(to1, madd(sum2, v128.load32_splat(k, 296), madd(sum1, v128.load32_splat(k, 416), f32x4.sub(sum0, v0))), overlap);
    storeOrAdd(to2, madd(difference2, v128.load32_splat(k, 436), madd(difference1, v128.load32_splat(k, 428), madd(v7, v128.load32_splat(k, 404), difference0))), overlap);
    storeOrAdd(to3, madd(sum2, v128.load32_splat(k, 304), madd(sum1, v128.load32_splat(k, 420), madd(sum0, v128.load32_splat(k, 356), f32x4.mul(v0, v128.load32_splat(k, 404))))), overlap);
    v128.store(to4, madd(difference2, v128.load32_splat(k, 440), madd(difference1, v128.load32_splat(k, 48), madd(difference0, v128.load32_splat(k, 356), f32x4.mul(v7, v128.load32_splat(k, 408))))));
    v128.store(to5, f32x4.add(f32x4.add(madd(v0, v128.load32_splat(k, 408), sum0), sum1), sum2));
    v128.store(to6, madd(difference2, v128.load32_splat(k, 344), madd(difference1, v128.load32_splat(k, 352), f32x4.add(v7, difference0))));
    v128.store(to7, v0);
  }
}

/** G: taps to points, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function weightPoints(
  k: usize,
  form: i32,
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  to: usize,
  step: usize,
): void {
  if (form == PAIR) {
    v128.store(to, w1);
    to += step;
    v128.store(to, f32x4.sub(w2, w1));
    to += step;
    v128.store(to, f32x4.sub(w0, w1));
  }
  if (form == F23) {
    const even0 = madd(w2, v128.load32_splat(k, 36), f32x4.mul(w0, v128.load32_splat(k, 28)));
    const odd0 = f32x4.neg(w1);
    v128.store(to, w2);
    to += step;
    v128.store(to, f32x4.mul(w0, v128.load32_splat(k, 24)));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 40), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 32), even0));
  }
  if (form == F33) {
    const even0 = madd(w2, v128.load32_splat(k, 36), f32x4.mul(w0, v128.load32_splat(k, 28)));
    const odd0 = f32x4.neg(w1);
    v128.store(to, w2);
    to += step;
    v128.store(to, f32x4.mul(w0, v128.load32_splat(k, 24)));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 40), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 32), even0));
    to += step;
    v128.store(to, madd(w2, v128.load32_splat(k, 112), madd(w1, v128.load32_splat(k, 108), f32x4.mul(w0, v128.load32_splat(k, 104)))));
  }
  if (form == F43) {
    const even0 = madd(w2, v128.load32_splat(k, 36), f32x4.mul(w0, v128.load32_splat(k, 28)));
    const odd0 = f32x4.neg(w1);
    const even1 = madd(w2, v128.load32_splat(k, 112), f32x4.mul(w0, v128.load32_splat(k, 104)));
    const odd1 = w1;
    v128.store(to, w2);
    to += step;
    v128.store(to, f32x4.mul(w0, v128.load32_splat(k, 24)));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 40), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 32), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 108), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 132), even1));
  }
  if (form == F63) {
    const even0 = madd(w2, v128.load32_splat(k, 36), f32x4.mul(w0, v128.load32_splat(k, 28)));
    const odd0 = f32x4.neg(w1);
    const even1 = madd(w2, v128.load32_splat(k, 112), f32x4.mul(w0, v128.load32_splat(k, 104)));
    const odd1 = w1;
    const even2 = f32x4.mul(f32x4.sub(f32x4.neg(w0), w2), v128.load32_splat(k, 260));
    const odd2 = f32x4.neg(w1);
    v128.store(to, w2);
    to += step;
    v128.store(to, f32x4.mul(w0, v128.load32_splat(k, 24)));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 40), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 32), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 108), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 132), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 260), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 264), even2));
  }
  if (form == F25) {
    const even0 = f32x4.mul(f32x4.sub(f32x4.neg(w1), w3), v128.load32_splat(k, 360));
    const odd0 = f32x4.sub(f32x4.sub(f32x4.neg(w0), w2), w4);
    const even1 = madd(w3, v128.load32_splat(k, 376), f32x4.mul(w1, v128.load32_splat(k, 368)));
    const odd1 = madd(w4, v128.load32_splat(k, 400), madd(w2, v128.load32_splat(k, 296), w0));
    v128.store(to, w4);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 360), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 396), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 364), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 384), even1));
    to += step;
    v128.store(to, madd(w4, v128.load32_splat(k, 364), madd(w3, v128.load32_splat(k, 368), madd(w2, v128.load32_splat(k, 372), madd(w1, v128.load32_splat(k, 376), f32x4.mul(w0, v128.load32_splat(k, 380)))))));
  }
  if (form == F35) {
    const even0 = f32x4.mul(f32x4.sub(f32x4.neg(w1), w3), v128.load32_splat(k, 360));
    const odd0 = f32x4.sub(f32x4.sub(f32x4.neg(w0), w2), w4);
    const even1 = madd(w3, v128.load32_splat(k, 376), f32x4.mul(w1, v128.load32_splat(k, 368)));
    const odd1 = madd(w4, v128.load32_splat(k, 400), madd(w2, v128.load32_splat(k, 296), w0));
    const even2 = madd(w3, v128.load32_splat(k, 368), f32x4.mul(w1, v128.load32_splat(k, 376)));
    const odd2 = madd(w4, v128.load32_splat(k, 424), madd(w2, v128.load32_splat(k, 416), w0));
    v128.store(to, w4);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 360), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 396), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 364), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 384), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 380), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 392), even2));
  }
  if (form == F45) {
    const even0 = f32x4.mul(f32x4.sub(f32x4.neg(w1), w3), v128.load32_splat(k, 360));
    const odd0 = f32x4.sub(f32x4.sub(f32x4.neg(w0), w2), w4);
    const even1 = madd(w3, v128.load32_splat(k, 376), f32x4.mul(w1, v128.load32_splat(k, 368)));
    const odd1 = madd(w4, v128.load32_splat(k, 400), madd(w2, v128.load32_splat(k, 296), w0));
    const even2 = madd(w3, v128.load32_splat(k, 368), f32x4.mul(w1, v128.load32_splat(k, 376)));
    const odd2 = madd(w4, v128.load32_splat(k, 424), madd(w2, v128.load32_splat(k, 416), w0));
    v128.store(to, w4);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 360), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 396), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 364), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 384), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 380), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 392), even2));
    to += step;
    v128.store(to, f32x4.neg(w0));
  }
}

/** Gᵀ: gradients of points to gradients of taps, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function weightGradients(
  k: usize,
  form: i32,
  u0: v128,
  u1: v128,
  u2: v128,
  u3: v128,
  u4: v128,
  u5: v128,
  u6: v128,
  u7: v128,
  to: usize,
  step: usize,
): void {
  if (form == PAIR) {
    v128.store(to, u2);
    to += step;
    v128.store(to, f32x4.sub(f32x4.sub(u0, u1), u2));
    to += step;
    v128.store(to, u1);
  }
  if (form == F23) {
    const sum0 = f32x4.add(u2, u3);
    const difference0 = f32x4.sub(u2, u3);
    v128.store(to, madd(sum0, v128.load32_splat(k, 28), f32x4.mul(u1, v128.load32_splat(k, 24))));
    to += step;
    v128.store(to, f32x4.mul(difference0, v128.load32_splat(k, 32)));
    to += step;
    v128.store(to, madd(sum0, v128.load32_splat(k, 36), u0));
  }
  if (form == F33) {
    const sum0 = f32x4.add(u2, u3);
    const difference0 = f32x4.sub(u2, u3);
    v128.store(to, madd(sum0, v128.load32_splat(k, 28), madd(u4, v128.load32_splat(k, 104), f32x4.mul(u1, v128.load32_splat(k, 24)))));
    to += step;
    v128.store(to, madd(difference0, v128.load32_splat(k, 32), f32x4.mul(u4, v128.load32_splat(k, 108))));
    to += step;
    v128.store(to, madd(sum0, v128.load32_splat(k, 36), madd(u4, v128.load32_splat(k, 112), u0)));
  }
  if (form == F43) {
    const sum0 = f32x4.add(u2, u3);
    const difference0 = f32x4.sub(u2, u3);
    const sum1 = f32x4.add(u4, u5);
    const difference1 = f32x4.sub(u4, u5);
    v128.store(to, madd(sum1, v128.load32_splat(k, 104), madd(sum0, v128.load32_splat(k, 28), f32x4.mul(u1, v128.load32_splat(k, 24)))));
    to += step;
    v128.store(to, madd(difference1, v128.load32_splat(k, 108), f32x4.mul(difference0, v128.load32_splat(k, 32))));
    to += step;
    v128.store(to, madd(sum1, v128.load32_splat(k, 112), madd(sum0, v128.load32_splat(k, 36), u0)));
  }
  if (form == F63) {
    const sum0 = f32x4.add(u2, u3);
    const difference0 = f32x4.sub(u2, u3);
    const sum1 = f32x4.add(u4, u5);
    const difference1 = f32x4.sub(u4, u5);
    const sum2 = f32x4.add(u6, u7);
    const difference2 = f32x4.sub(u6, u7);
    v128.store(to, madd(sum2, v128.load32_splat(k, 264), madd(sum1, v128.load32_splat(k, 104), madd(sum0, v128.load32_splat(k, 28), f32x4.mul(u1, v128.load32_splat(k, 24))))));
    to += step;
    v128.store(to, madd(difference2, v128.load32_splat(k, 264), madd(difference1, v128.load32_splat(k, 108), f32x4.mul(difference0, v128.load32_splat(k, 32)))));
    to += step;
    v128.store(to, madd(sum2, v128.load32_splat(k, 264), madd(sum1, v128.load32_splat(k, 112), madd(sum0, v128.load32_splat(k, 36), u0))));
  }
  if (form == F25) {
    const sum0 = f32x4.add(u1, u2);
    const difference0 = f32x4.sub(u1, u2);
    const sum1 = f32x4.add(u3, u4);
    const difference1 = f32x4.sub(u3, u4);
    v128.store(to, madd(difference1, v128.load32_splat(k, 364), madd(difference0, v128.load32_splat(k, 396), f32x4.mul(u5, v128.load32_splat(k, 380)))));
    to += step;
    v128.store(to, madd(sum1, v128.load32_splat(k, 368), madd(sum0, v128.load32_splat(k, 396), f32x4.mul(u5, v128.load32_splat(k, 376)))));
    to += step;
    v128.store(to, madd(difference1, v128.load32_splat(k, 372), madd(difference0, v128.load32_splat(k, 396), f32x4.mul(u5, v128.load32_splat(k, 372)))));
    to += step;
    v128.store(to, madd(sum1, v128.load32_splat(k, 376), madd(sum0, v128.load32_splat(k, 396), f32x4.mul(u5, v128.load32_splat(k, 368)))));
    to += step;
    v128.store(to, madd(difference1, v128.load32_splat(k, 380), madd(difference0, v128.load32_splat(k, 396), madd(u5, v128.load32_splat(k, 364), u0))));
  }
  if (form == F35) {
    const sum0 = f32x4.add(u1, u2);
    const difference0 = f32x4.sub(u1, u2);
    const sum1 = f32x4.add(u3, u4);
    const difference1 = f32x4.sub(u3, u4);
    const sum2 = f32x4.add(u5, u6);
    const difference2 = f32x4.sub(u5, u6);
    v128.store(to, madd(difference2, v128.load32_splat(k, 380), madd(difference1, v128.load32_splat(k, 364), f32x4.mul(difference0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(sum2, v128.load32_splat(k, 376), madd(sum1, v128.load32_splat(k, 368), f32x4.mul(sum0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(difference2, v128.load32_splat(k, 372), madd(difference1, v128.load32_splat(k, 372), f32x4.mul(difference0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(sum2, v128.load32_splat(k, 368), madd(sum1, v128.load32_splat(k, 376), f32x4.mul(sum0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(difference2, v128.load32_splat(k, 364), madd(difference1, v128.load32_splat(k, 380), madd(difference0, v128.load32_splat(k, 396), u0))));
  }
  if (form == F45) {
    const sum0 = f32x4.add(u1, u2);
    const difference0 = f32x4.sub(u1, u2);
    const sum1 = f32x4.add(u3, u4);
    const difference1 = f32x4.sub(u3, u4);
    const sum2 = f32x4.add(u5, u6);
    const difference2 = f32x4.sub(u5, u6);
    v128.store(to, madd(difference2, v128.load32_splat(k, 380), madd(difference1, v128.load32_splat(k, 364), madd(difference0, v128.load32_splat(k, 396), f32x4.neg(u7)))));
    to += step;
    v128.store(to, madd(sum2, v128.load32_splat(k, 376), madd(sum1, v128.load32_splat(k, 368), f32x4.mul(sum0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(difference2, v128.load32_splat(k, 372), madd(difference1, v128.load32_splat(k, 372), f32x4.mul(difference0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(sum2, v128.load32_splat(k, 368), madd(sum1, v128.load32_splat(k, 376), f32x4.mul(sum0, v128.load32_splat(k, 396)))));
    to += step;
    v128.store(to, madd(difference2, v128.load32_splat(k, 364), madd(difference1, v128.load32_splat(k, 380), madd(difference0, v128.load32_splat(k, 396), u0))));
  }
}

/** Aᵀ: points to outputs. */
// @ts-ignore: decorator
@inline
export function outputs(
  k: usize,
  form: i32,
  m0: v128,
  m1: v128,
  m2: v128,
  m3: v128,
  m4: v128,
  m5: v128,
  m6: v128,
  m7: v128,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  to4: usize,
  to5: usize,
  finish: i32,
  bias: v128,
): void {
  if (form == PAIR) {
    storeOutput(to0, f32x4.add(m0, m1), finish, bias);
    storeOutput(to1, f32x4.add(m0, m2), finish, bias);
  }
  if (form == F23) {
    const sum0 = f32x4.add(m2, m3);
    const difference0 = f32x4.sub(m2, m3);
    storeOutput(to0, f32x4.add(m1, sum0), finish, bias);
    storeOutput(to1, madd(difference0, v128.load32_splat(k, 44), m0), finish, bias);
  }
  if (form == F33) {
    const sum0 = f32x4.add(m2, m3);
    const difference0 = f32x4.sub(m2, m3);
    storeOutput(to0, f32x4.add(f32x4.add(m1, m4), sum0), finish, bias);
    storeOutput(to1, madd(difference0, v128.load32_splat(k, 44), f32x4.mul(m4, v128.load32_splat(k, 64))), finish, bias);
    storeOutput(to2, madd(sum0, v128.load32_splat(k, 120), madd(m4, v128.load32_splat(k, 116), m0)), finish, bias);
  }
  if (form == F43) {
    const sum0 = f32x4.add(m2, m3);
    const difference0 = f32x4.sub(m2, m3);
    const sum1 = f32x4.add(m4, m5);
    const difference1 = f32x4.sub(m4, m5);
    storeOutput(to0, f32x4.add(f32x4.add(m1, sum0), sum1), finish, bias);
    storeOutput(to1, madd(difference1, v128.load32_splat(k, 64), f32x4.mul(difference0, v128.load32_splat(k, 44))), finish, bias);
    storeOutput(to2, madd(sum1, v128.load32_splat(k, 116), f32x4.mul(sum0, v128.load32_splat(k, 120))), finish, bias);
    storeOutput(to3, madd(difference1, v128.load32_splat(k, 140), madd(difference0, v128.load32_splat(k, 136), m0)), finish, bias);
  }
  if (form == F63) {
    const sum0 = f32x4.add(m2, m3);
    const difference0 = f32x4.sub(m2, m3);
    const sum1 = f32x4.add(m4, m5);
    const difference1 = f32x4.sub(m4, m5);
    const sum2 = f32x4.add(m6, m7);
    const difference2 = f32x4.sub(m6, m7);
    storeOutput(to0, f32x4.add(f32x4.add(f32x4.add(m1, sum0), sum1), sum2), finish, bias);
    storeOutput(to1, madd(difference1, v128.load32_splat(k, 64), madd(difference0, v128.load32_splat(k, 44), difference2)), finish, bias);
    storeOutput(to2, madd(sum1, v128.load32_splat(k, 116), madd(sum0, v128.load32_splat(k, 120), sum2)), finish, bias);
    storeOutput(to3, madd(difference1, v128.load32_splat(k, 140), madd(difference0, v128.load32_splat(k, 136), difference2)), finish, bias);
    storeOutput(to4, madd(sum1, v128.load32_splat(k, 272), madd(sum0, v128.load32_splat(k, 268), sum2)), finish, bias);
    storeOutput(to5, f32x4.add(madd(difference1, v128.load32_splat(k, 280), madd(difference0, v128.load32_splat(k, 276), m0)), difference2), finish, bias);
  }
  if (form == F25) {
    const sum0 = f32x4.add(m1, m2);
    const difference0 = f32x4.sub(m1, m2);
    const sum1 = f32x4.add(m3, m4);
    const difference1 = f32x4.sub(m3, m4);
    storeOutput(to0, f32x4.add(f32x4.add(m5, sum0), sum1), finish, bias);
    storeOutput(to1, madd(difference1, v128.load32_splat(k, 344), f32x4.add(madd(m5, v128.load32_splat(k, 352), m0), difference0)), finish, bias);
  }
  if (form == F35) {
    const sum0 = f32x4.add(m1, m2);
    const difference0 = f32x4.sub(m1, m2);
    const sum1 = f32x4.add(m3, m4);
    const difference1 = f32x4.sub(m3, m4);
    const sum2 = f32x4.add(m5, m6);
    const difference2 = f32x4.sub(m5, m6);
    storeOutput(to0, f32x4.add(f32x4.add(sum0, sum1), sum2), finish, bias);
    storeOutput(to1, madd(difference2, v128.load32_splat(k, 352), madd(difference1, v128.load32_splat(k, 344), difference0)), finish, bias);
    storeOutput(to2, madd(sum2, v128.load32_splat(k, 416), madd(sum1, v128.load32_splat(k, 296), f32x4.add(m0, sum0))), finish, bias);
  }
  if (form == F45) {
    const sum0 = f32x4.add(m1, m2);
    const difference0 = f32x4.sub(m1, m2);
    const sum1 = f32x4.add(m3, m4);
    const difference1 = f32x4.sub(m3, m4);
    const sum2 = f32x4.add(m5, m6);
    const difference2 = f32x4.sub(m5, m6);
    storeOutput(to0, f32x4.add(f32x4.add(f32x4.add(m7, sum0), sum1), sum2), finish, bias);
    storeOutput(to1, madd(difference2, v128.load32_splat(k, 352), madd(difference1, v128.load32_splat(k, 344), difference0)), finish, bias);
    storeOutput(to2, madd(sum2, v128.load32_splat(k, 416), madd(sum1, v128.load32_splat(k, 296), sum0)), finish, bias);
    storeOutput(to3, madd(difference2, v128.load32_splat(k, 428), madd(difference1, v128.load32_splat(k, 436), f32x4.add(m0, difference0))), finish, bias);
  }
}

/** A: gradients of outputs to gradients of points, stored every `step` bytes. */
// @ts-ignore: decorator
@inline
export function outputGradients(
  k: usize,
  form: i32,
  g0: v128,
  g1: v128,
  g2: v128,
  g3: v128,
  g4: v128,
  g5: v128,
  to: usize,
  step: usize,
): void {
  if (form == PAIR) {
    v128.store(to, f32x4.add(g0, g1));
    to += step;
    v128.store(to, g0);
    to += step;
    v128.store(to, g1);
  }
  if (form == F23) {
    const even0 = g0;
    const odd0 = g1;
    v128.store(to, g1);
    to += step;
    v128.store(to, g0);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 44), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 48), even0));
  }
  if (form == F33) {
    const even0 = madd(g2, v128.load32_splat(k, 120), g0);
    const odd0 = g1;
    v128.store(to, g2);
    to += step;
    v128.store(to, g0);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 44), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 48), even0));
    to += step;
    v128.store(to, madd(g2, v128.load32_splat(k, 116), madd(g1, v128.load32_splat(k, 64), g0)));
  }
  if (form == F43) {
    const even0 = madd(g2, v128.load32_splat(k, 120), g0);
    const odd0 = madd(g3, v128.load32_splat(k, 120), g1);
    const even1 = madd(g2, v128.load32_splat(k, 116), g0);
    const odd1 = madd(g3, v128.load32_splat(k, 116), g1);
    v128.store(to, g3);
    to += step;
    v128.store(to, g0);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 44), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 48), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 64), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 56), even1));
  }
  if (form == F63) {
    const even0 = madd(g4, v128.load32_splat(k, 268), madd(g2, v128.load32_splat(k, 120), g0));
    const odd0 = madd(g5, v128.load32_splat(k, 268), madd(g3, v128.load32_splat(k, 120), g1));
    const even1 = madd(g4, v128.load32_splat(k, 272), madd(g2, v128.load32_splat(k, 116), g0));
    const odd1 = madd(g5, v128.load32_splat(k, 272), madd(g3, v128.load32_splat(k, 116), g1));
    const even2 = f32x4.add(f32x4.add(g0, g2), g4);
    const odd2 = f32x4.add(f32x4.add(g1, g3), g5);
    v128.store(to, g5);
    to += step;
    v128.store(to, g0);
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 44), even0));
    to += step;
    v128.store(to, madd(odd0, v128.load32_splat(k, 48), even0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 64), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 56), even1));
    to += step;
    v128.store(to, f32x4.add(even2, odd2));
    to += step;
    v128.store(to, f32x4.sub(even2, odd2));
  }
  if (form == F25) {
    const even0 = g0;
    const odd0 = g1;
    const even1 = g0;
    const odd1 = g1;
    v128.store(to, g1);
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 344), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 292), even1));
    to += step;
    v128.store(to, madd(g1, v128.load32_splat(k, 352), g0));
  }
  if (form == F35) {
    const even0 = f32x4.add(g0, g2);
    const odd0 = g1;
    const even1 = madd(g2, v128.load32_splat(k, 296), g0);
    const odd1 = g1;
    const even2 = madd(g2, v128.load32_splat(k, 416), g0);
    const odd2 = g1;
    v128.store(to, g2);
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 344), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 292), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 352), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 308), even2));
  }
  if (form == F45) {
    const even0 = f32x4.add(g0, g2);
    const odd0 = f32x4.add(g1, g3);
    const even1 = madd(g2, v128.load32_splat(k, 296), g0);
    const odd1 = madd(g3, v128.load32_splat(k, 296), g1);
    const even2 = madd(g2, v128.load32_splat(k, 416), g0);
    const odd2 = madd(g3, v128.load32_splat(k, 416), g1);
    v128.store(to, g3);
    to += step;
    v128.store(to, f32x4.add(even0, odd0));
    to += step;
    v128.store(to, f32x4.sub(even0, odd0));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 344), even1));
    to += step;
    v128.store(to, madd(odd1, v128.load32_splat(k, 292), even1));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 352), even2));
    to += step;
    v128.store(to, madd(odd2, v128.load32_splat(k, 308), even2));
    to += step;
    v128.store(to, g0);
  }
}
