/**
 * Where random numbers come from. Every draw is Philox4x32-10 (Salmon et al., SC 2011) of
 *
 *   key      [ seed mod 2^32, ⌊seed / 2^32⌋ ]
 *   counter  [ block, sample or 0, step or epoch, purpose · 2^24 + ordinal ]
 *
 * so a value depends on what it is for and on nothing else: not on who draws it, nor when.
 */
export const PURPOSE = {
  /** counter [block, 0, epoch, …]: one uint32 per draw, four a block. */
  shuffle: 1,
  /** counter [block, 0, 0, … + index of the weight in the layout]: one uint32 per draw. */
  initialWeights: 2,
  /**
   * counter [block, sample's index in the set, step, … + ordinal of the dropout layer].
   * 16 bits an element, eight elements a block: element e takes bits 16·(e mod 2) … + 15 of
   * word ⌊(e mod 8) / 2⌋ of block ⌊e / 8⌋, and is dropped when they are below
   * round(rate · 65536). e counts in blocked order, e = (⌊c/4⌋·P + p)·4 + c mod 4 for channel c
   * at pixel p of P; for spatial dropout e = c.
   */
  dropout: 3,
  /** counter [block, 0, 0, …]: one uint32 per draw, four a block. */
  split: 4,
  /** counter [block, sample's index in the set, epoch, … + what for]: see shared/augmentation. */
  augmentation: 5,
  /** counter [0, sample's index in the whole training set, 0, …]: is it mislabelled (word 0), as what (1). */
  classNoise: 6,
  /** counter [block, sample's index in the whole training set, 0, …]: two words a value: is it replaced, by what. */
  attributeNoise: 7,
  /** counter [0, key's place in the space, draw, …]: what a random search takes (word 0). */
  search: 8,
  /** counter [block, index of the micro-batch, step, …]: two uint32 per draw, two draws a block. */
  javascript: 9,
  /** counter [block, sample's index in the set, 0, … + kind of change]: evaluation on changed images. */
  variants: 32,
} as const;

/** The last word of the counter. `ordinal` is below 2^24. */
export function streamWord(purpose: number, ordinal: number): number {
  return ((purpose << 24) | ordinal) >>> 0;
}

/** The key that all streams of a run share. `seed`: an integer in [0, 2^53). */
export function seedKey(seed: number): readonly [number, number] {
  return [seed >>> 0, Math.floor(seed / 4294967296) >>> 0];
}
