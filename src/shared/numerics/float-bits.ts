const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The bits of a number as float32, as a uint32. */
export function floatBits(value: number): number {
  floats[0] = value;
  return words[0]!;
}

/** The float32 with these bits. */
export function floatOfBits(bits: number): number {
  words[0] = bits;
  return floats[0]!;
}
