import { largest, zeros, zerosLike, type Map64 } from './maps.js';

/**
 * Where a network decides: ReLU, max pool, or both. For each output one pixel of a window is taken,
 * or none where a ReLU cuts it off; a ReLU alone is a window of one pixel. Gradients jump where a
 * decision changes, so that two right answers may differ by much. The twin therefore takes the
 * decisions of another, and judges each by what it costs: the value that it would have taken, less
 * the value of what was taken instead. A tie that rounding broke costs next to nothing.
 */
export interface DecisionSite {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  readonly pad: readonly [top: number, left: number];
  readonly outHeight: number;
  readonly outWidth: number;
  /** Whether a ReLU is part of it. */
  readonly cuts: boolean;
}

/** No pixel: the ReLU is off. As the engine has it in its saved places (assembly/pool-window.ts). */
export const CUT = 255;

/** What was decided at one site. */
export interface Decisions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** uint8 [batch][height][width][channels]: row·kernelWidth + column in the window, or CUT. */
  readonly taken: Uint8Array;
}

export interface Verdict {
  readonly decisions: number;
  /** Those that the twin would have taken otherwise. */
  readonly flips: number;
  /** Flips between values that are equal in float64 too: over plain ground, all of a window's are. */
  readonly equals: number;
  /** The dearest of them, over the greatest value of the map; Infinity for what cannot be taken. */
  readonly margin: number;
}

export interface Decided {
  readonly output: Map64;
  /** What the twin would have taken. */
  readonly own: Decisions;
  readonly verdict: Verdict;
  /** Gradient of the map that was decided on. */
  readonly backward: (gradient: Map64) => Map64;
}

/** Decides as `taken` says, or by itself: the greatest value, of equal ones the first. */
export function decide(map: Map64, site: DecisionSite, taken: Uint8Array | null): Decided {
  const { kernel, strides, pad, outHeight, outWidth, cuts } = site;
  const { channels, values } = map;
  const output = zeros(map, outHeight, outWidth, channels);
  const own = new Uint8Array(output.values.length);
  /** Index of what was taken; −1: nothing. */
  const sources = new Int32Array(own.length).fill(-1);
  let flips = 0;
  let equals = 0;
  let dearest = 0;
  let i = 0;
  for (let b = 0; b < map.count; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const [y0, x0] = [oy * strides[0] - pad[0], ox * strides[1] - pad[1]];
        for (let c = 0; c < channels; c++, i++) {
          const choice = taken?.[i];
          let best = cuts ? 0 : -Infinity;
          own[i] = CUT;
          let value = choice === CUT && cuts ? 0 : -Infinity;
          for (let ky = 0; ky < kernel[0]; ky++) {
            const y = y0 + ky;
            if (y < 0 || y >= map.height) continue;
            for (let kx = 0; kx < kernel[1]; kx++) {
              const x = x0 + kx;
              if (x < 0 || x >= map.width) continue;
              const place = ky * kernel[1] + kx;
              const from = ((b * map.height + y) * map.width + x) * channels + c;
              const here = values[from]!;
              if (here > best) [best, own[i]] = [here, place];
              if (place === choice) [value, sources[i]] = [here, from];
              if (choice === undefined && own[i] === place) sources[i] = from;
            }
          }
          if (choice === undefined) value = best;
          else if (choice !== own[i]) {
            flips += 1;
            if (value === best) equals += 1;
          }
          dearest = Math.max(dearest, best - value);
          // What cannot be taken costs everything, and goes no further.
          output.values[i] = Number.isFinite(value) ? value : 0;
        }
      }
    }
  }
  const scale = largest(values);
  return {
    output,
    own: { height: outHeight, width: outWidth, channels, taken: own },
    verdict: { decisions: own.length, flips, equals, margin: dearest === 0 ? 0 : dearest / scale },
    backward(gradient) {
      const result = zerosLike(map);
      sources.forEach((source, at) => {
        if (source >= 0) result.values[source]! += gradient.values[at]!;
      });
      return result;
    },
  };
}
