/** Random numbers for tests, from a seed that is printed, so that a failure can be run again. */
export interface TestRandom {
  readonly seed: number;
  /** An integer in [0, below). */
  readonly below: (below: number) => number;
}

/** Takes the seed from $TEST_SEED where it is set. */
export function testRandom(subject: string): TestRandom {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_000) >>> 0;
  process.stderr.write(`# ${subject}: TEST_SEED=${seed}\n`);
  return randomOf(seed);
}

/** The same numbers for the same seed, a uint32. Mulberry32. */
export function randomOf(seed: number): TestRandom {
  let state = seed;
  return {
    seed,
    below: (below) => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
    },
  };
}
