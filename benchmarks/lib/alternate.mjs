/** Sides that take turns, so that a busy or a slow minute meets all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './statistics.mjs';

/** What a side may still be doing when it has answered is over after this. */
const SETTLE_MILLIS = 500;

/**
 * @param {readonly import('./contender.mjs').Contender[]} sides
 * @param {{ steps: number | ((name: string) => number), rounds: number, warmUp: number }} plan
 * @returns {Promise<Record<string, { seconds: number, samples: number }[]>>} by name, by round
 */
export async function alternate(sides, { steps, rounds, warmUp }) {
  const count = (side) => (typeof steps === 'number' ? steps : steps(side.name));
  const raw = Object.fromEntries(sides.map((side) => [side.name, []]));
  for (const side of sides) await side.run(warmUp);
  for (let round = 0; round < rounds; round++) {
    // Back and forth, so that nobody always follows the same neighbour.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      await sleep(SETTLE_MILLIS);
      const { seconds, samples } = await side.run(count(side));
      raw[side.name].push({ seconds, samples, samplesPerSecond: samples / seconds });
    }
  }
  return raw;
}

/** Median samples/s of each side. */
export function medians(raw) {
  return Object.fromEntries(
    Object.entries(raw).map(([name, runs]) => [
      name,
      median(runs.map(({ samplesPerSecond }) => samplesPerSecond)),
    ]),
  );
}

/** The median over the rounds of (samples/s of `a`) / (samples/s of `b`), and all of them. */
export function ratio(raw, a, b) {
  const all = raw[a].map(
    ({ samplesPerSecond }, round) => samplesPerSecond / raw[b][round].samplesPerSecond,
  );
  return { median: median(all), all };
}
