import type { Team } from '../engine.js';
import type { BoundCall } from './bind.js';

/** The samples that a thread of a team does: [first, end), maybe none. */
export function samplesOf(size: number, place: number, threads: number): readonly [number, number] {
  const bound = (index: number) => Math.floor((size * index) / threads);
  return [bound(place), bound(place + 1)];
}

/**
 * Runs calls as one of a team: of each call the thread's share, and then all meet, since what one
 * has written the others read, and memory is used again. False where the team is given up.
 */
export function teamRunner(team: Team, size: number): (calls: readonly BoundCall[]) => boolean {
  const [first, end] = samplesOf(size, team.place, team.size);
  return (calls) => {
    for (const { kernel, args, split } of calls) {
      const isIdle =
        (split === 'samples' && first === end) || (split === 'alone' && team.place > 0);
      if (!isIdle) kernel(...args);
      if (split !== 'each' && !team.meet()) return false;
    }
    return true;
  };
}
