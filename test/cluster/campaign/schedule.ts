/** What a campaign does to one run: all of it follows from a number. */
import type { TestRandom } from '../../support/random.js';
import type { Fault } from './fault.js';

export interface CampaignSchedule {
  readonly workers: readonly { readonly name: string; readonly threads: number }[];
  readonly minWorkers: number;
  /** Workers that join when the run has come to a step. */
  readonly joins: readonly { readonly name: string; readonly step: number }[];
  /** By process: a worker's name, or `coordinator`. Of its first life; later ones are left alone. */
  readonly faults: Readonly<Record<string, readonly Fault[]>>;
}

const FROM_WORKERS = [
  'join',
  'hello',
  'report',
  'evaluated',
  'piece',
  'piece',
  'piece',
  'want',
  'timing',
  'greeting',
  'snapshot-piece',
  'want-data',
];
const FROM_COORDINATOR = ['welcome', 'addresses', 'orders', 'orders', 'data', 'want-snapshot'];
const TO_WORKERS = ['orders', 'orders', 'piece', 'piece', 'welcome', 'greeting', 'data', 'want'];
const TO_COORDINATOR = ['hello', 'report', 'report', 'evaluated', 'snapshot-piece', 'timing'];

/** How often each kind comes in a run, roughly: the fault is to strike within it. */
const OFTEN: Readonly<Record<string, number>> = {
  piece: 300,
  report: 80,
  orders: 80,
  timing: 30,
  evaluated: 4,
  data: 2,
  'snapshot-piece': 4,
};

export function scheduleOf(random: TestRandom): CampaignSchedule {
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  const names = ['a', 'b', 'c'].slice(0, 2 + random.below(2));
  const workers = names.map((name) => ({ name, threads: 1 + random.below(2) }));
  const joins = random.below(3) === 0 ? [{ name: 'late', step: 2 + random.below(15) }] : [];
  const everybody = [...names, ...joins.map(({ name }) => name)];
  const faults: Record<string, Fault[]> = {};
  const count = 1 + random.below(3);
  for (let i = 0; i < count; i++) {
    const who = random.below(4) === 0 ? 'coordinator' : pick(everybody);
    (faults[who] ??= []).push(faultOf(who === 'coordinator', random, pick));
  }
  return { workers, minWorkers: 1, joins, faults };
}

function faultOf(
  ofCoordinator: boolean,
  random: TestRandom,
  pick: <Item>(items: readonly Item[]) => Item,
): Fault {
  const millis = pick([200, 1000, 3000, 7000]);
  if (ofCoordinator && random.below(3) === 0) {
    const what = pick(['write', 'sync', 'rename'] as const);
    const nth = 1 + random.below(what === 'write' ? 20 : 12);
    return { at: 'file', what, nth, does: pick(['kill', 'kill', 'stop', 'full'] as const), millis };
  }
  const at = pick(['before-send', 'after-send', 'receive'] as const);
  const sent = ofCoordinator ? FROM_COORDINATOR : FROM_WORKERS;
  const received = ofCoordinator ? TO_COORDINATOR : TO_WORKERS;
  const what = pick(at === 'receive' ? received : sent);
  const nth = 1 + random.below(OFTEN[what] ?? 2);
  const does = {
    'before-send': () =>
      pick([
        'kill',
        'kill',
        'stop',
        'cut',
        'cut-inside',
        'corrupt',
        'double',
        'lose',
        'silence',
      ] as const),
    'after-send': () => pick(['kill', 'kill', 'stop'] as const),
    receive: () => pick(['kill', 'kill', 'stop', 'cut', 'double', 'lose', 'silence'] as const),
  }[at]();
  return { at, what, nth, does, millis };
}
