import type { Kernels } from '#src/worker/engine/wasm/module.js';
import { CUT, type Decisions } from './decisions.js';

/** May change saved places, uint8 [batch][channels/4][pixels][4], of the site with this index. */
export type Tamper = (places: Uint8Array, site: number) => void;

/** Where a kernel has left what it decided: addresses and sizes. */
interface Left {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Of saved places: 4 bytes a group of channels and pixel; 0: there are none. */
  readonly places: number;
  /** Of the output after a ReLU, 4 float32 a group of channels and pixel. */
  readonly output: number;
}

/**
 * Kernels that tell what they decided after every call in which they do, in the order of the calls:
 * by the places that they save for backward, or else by the outputs that are above 0.
 */
export function watchDecisions(
  kernels: Kernels,
  memory: ArrayBufferLike,
  told: (decisions: Decisions) => void,
  tamper: (places: Uint8Array) => void,
): Kernels {
  /** Of the last call of convWindow, which stands before each convForward. */
  let window: number[] = [];
  const pooled = (descriptor: number) => {
    const [height, width] = new Int32Array(memory, descriptor + 8, 2);
    return { height: height!, width: width! };
  };
  /** By kernel: what a call with these arguments has left; null where it decides nothing. */
  const readers: Record<string, (args: number[]) => Left | null> = {
    convWindow: (args) => {
      window = args;
      return null;
    },
    convForward: ([, , output, batch, , relu]) =>
      relu
        ? {
            ...{ batch: batch!, height: window[12]!, width: window[13]!, channels: window[14]! },
            ...{ places: 0, output: output! },
          }
        : null,
    winogradForward: (args) => {
      const sizes = { batch: args[10]!, height: args[7]!, width: args[8]!, channels: args[9]! };
      const left = { ...sizes, places: args[22]!, output: args[6]! };
      if (args[21]) return { ...left, ...pooled(args[21]) };
      return args[16] ? left : null;
    },
    firstLayerForward: (args) => ({
      ...{ batch: args[2]!, channels: args[6]!, ...pooled(args[8]!) },
      ...{ places: args[10]!, output: args[9]! },
    }),
    batchNormForward: (args) => {
      const [batch, channels, pixels, window, kept] = [5, 6, 7, 16, 19].map((i) => args[i]!);
      const left = { batch: batch!, channels: channels!, places: args[17]!, output: args[2]! };
      if (window) return { ...left, ...pooled(window) };
      if (!args[15]) return null;
      if (kept) throw new Error('Behind a dropout the output does not tell what the ReLU did.');
      return { ...left, height: 1, width: pixels! };
    },
  };
  const watched = Object.entries(readers).map(([name, reader]) => {
    const call = (kernel: (typeof kernels)[string], _self: unknown, args: number[]) => {
      const result = kernel(...args);
      const left = reader(args);
      if (left !== null) told(read(memory, left, tamper));
      return result;
    };
    // A proxy has the length of its target, which the binder checks.
    return [name, new Proxy(kernels[name]!, { apply: call })] as const;
  });
  return { ...kernels, ...Object.fromEntries(watched) };
}

function read(memory: ArrayBufferLike, left: Left, tamper: (places: Uint8Array) => void) {
  const { batch, channels, height, width } = left;
  const pixels = height * width;
  const blocks = Math.ceil(channels / 4);
  const length = batch * blocks * pixels * 4;
  let blocked: Uint8Array;
  if (left.places === 0) {
    const outputs = new Float32Array(memory, left.output, length);
    blocked = Uint8Array.from(outputs, (value) => (value > 0 ? 0 : CUT));
  } else {
    blocked = new Uint8Array(memory, left.places, length);
    tamper(blocked);
  }
  const taken = new Uint8Array(batch * pixels * channels);
  for (let b = 0, i = 0; b < batch; b++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++, i++) {
        taken[i] = blocked[((b * blocks + (c >> 2)) * pixels + p) * 4 + (c & 3)]!;
      }
    }
  }
  return { height, width, channels, taken };
}
