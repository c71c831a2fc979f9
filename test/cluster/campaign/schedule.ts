/** What a campaign does to one run: all of it follows from a number and a cell of the table. */
import type { TestRandom } from '../../support/random.js';
import { CELLS, type Cell } from './cells.js';
import { COORDINATOR, type Fault, type Place } from './fault.js';

export interface CampaignSchedule {
  readonly workers: readonly { readonly name: string; readonly threads: number }[];
  /** Workers that join when the run has come to a step. */
  readonly joins: readonly { readonly name: string; readonly step: number }[];
  /** By process (a worker's name, or `coordinator`) and by its life, the first one first. */
  readonly faults: Readonly<Record<string, readonly (readonly Fault[])[]>>;
}

/** How often each kind comes in a run, roughly: a fault is to strike within it. */
const OFTEN: Readonly<Record<string, number>> = {
  piece: 200,
  report: 60,
  orders: 60,
  timing: 25,
  assignment: 6,
};
const WRITES = { write: 20, sync: 12, rename: 8 } as const;

/**
 * A cluster of two or three workers, at times with one that comes late; the fault of the cell, and
 * up to two more, some of them in lives that began with a fault.
 */
export function scheduleOf(random: TestRandom, cell: Cell): CampaignSchedule {
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  const names = ['a', 'b', 'c'].slice(0, 2 + random.below(2));
  const workers = names.map((name) => ({ name, threads: 1 + random.below(2) }));
  const { what } = cell.place;
  const needsLearner = what === 'want-snapshot' || what === 'snapshot-piece';
  const joins =
    needsLearner || random.below(3) === 0 ? [{ name: 'late', step: 2 + random.below(12) }] : [];
  const everybody = [...names, ...joins.map(({ name }) => name)];
  const faults: Record<string, Fault[][]> = {};
  const add = (who: string, life: number, fault: Fault): void => {
    const lives = (faults[who] ??= []);
    while (lives.length <= life) lives.push([]);
    lives[life]!.push(fault);
  };
  const some = (of: Cell): Fault => {
    const most = of.place.at === 'file' ? WRITES[of.place.what] : (OFTEN[of.place.what] ?? 1);
    const nth = 1 + random.below(most);
    return { ...of.place, nth, does: of.does, millis: pick([200, 1000, 3000, 7000]) };
  };

  const wanted = some(cell);
  if (cell.role === COORDINATOR) {
    add(COORDINATOR, 0, wanted);
  } else if (needsLearner) {
    // Who is asked for its state, the run decides.
    for (const name of everybody) add(name, 0, wanted);
  } else {
    add(pick(names), 0, wanted);
  }
  // Nobody asks again before something is lost.
  if (what === 'want') {
    const lost: Place = { at: 'receive', what: 'piece' };
    for (const name of names) {
      const nth = 5 + random.below(60);
      add(name, 0, { ...lost, nth, does: 'lose', millis: 0 });
    }
  }
  for (let more = random.below(3); more > 0; more--) {
    const other = pick(CELLS);
    const who = other.role === COORDINATOR ? COORDINATOR : pick(everybody);
    // The second life begins amid a recovery.
    add(who, random.below(3) === 0 ? 1 : 0, some(other));
  }
  return { workers, joins, faults };
}
