/** The table of a campaign: in what states of a process which faults are to strike. */
import { COORDINATOR, placeOf, type Deed, type Place, type Strike } from './fault.js';

export type Role = 'worker' | typeof COORDINATOR;

/** One cell: a fault that strikes a process of this role at this place. */
export interface Cell {
  readonly role: Role;
  readonly place: Place;
  readonly does: Deed;
}

const BEFORE_SEND: readonly Deed[] = [
  ...(['kill', 'stop', 'cut', 'cut-inside', 'corrupt', 'double', 'lose', 'silence'] as const),
];
const AFTER_SEND: readonly Deed[] = ['kill', 'stop'];
const RECEIVE: readonly Deed[] = ['kill', 'stop', 'cut', 'double', 'lose', 'silence'];
const FILE: readonly Deed[] = ['kill', 'stop', 'full'];

/** All kinds of frames that a run on one machine has; `relay` needs peers out of reach. */
const SENT: Readonly<Record<Role, readonly string[]>> = {
  worker: [
    ...['join', 'want-data', 'want-addresses', 'hello', 'greeting', 'report', 'piece', 'want'],
    ...['timing', 'evaluated', 'want-snapshot', 'snapshot-piece'],
  ],
  coordinator: ['welcome', 'addresses', 'data', 'orders', 'assignment', 'want-snapshot'],
};
const RECEIVED: Readonly<Record<Role, readonly string[]>> = {
  worker: [
    ...['welcome', 'addresses', 'data', 'orders', 'assignment', 'greeting', 'piece', 'want'],
    ...['want-snapshot', 'snapshot-piece'],
  ],
  coordinator: [
    ...['join', 'want-data', 'want-addresses', 'hello', 'report', 'timing', 'evaluated'],
    'snapshot-piece',
  ],
};

export const CELLS: readonly Cell[] = (['worker', COORDINATOR] as const).flatMap((role) => {
  const cells = (at: 'before-send' | 'after-send' | 'receive', what: string): Cell[] => {
    const deeds = { 'before-send': BEFORE_SEND, 'after-send': AFTER_SEND, receive: RECEIVE }[at];
    return deeds.map((does) => ({ role, place: { at, what }, does }));
  };
  return [
    ...SENT[role].flatMap((what) => [...cells('before-send', what), ...cells('after-send', what)]),
    ...RECEIVED[role].flatMap((what) => cells('receive', what)),
    ...(role === COORDINATOR ? filesCells() : []),
  ];
});

function filesCells(): Cell[] {
  return (['write', 'sync', 'rename'] as const).flatMap((what) =>
    FILE.map((does) => ({ role: COORDINATOR, place: { at: 'file', what }, does })),
  );
}

/** `worker · before-send piece · kill` */
export const nameOf = ({ role, place, does }: Cell): string =>
  `${role} · ${placeOf(place)} · ${does}`;

/** The name of the cell that a strike belongs to. */
export function cellOf({ who, place, does }: Strike): string {
  return `${who === COORDINATOR ? COORDINATOR : 'worker'} · ${place} · ${does}`;
}

const COLUMNS: readonly Deed[] = [...BEFORE_SEND, 'full'];

/** As Markdown: how often each fault struck in each state; `—` where a fault has no meaning. */
export function tableOf(counts: ReadonlyMap<string, number>): string {
  const rows = [...new Set(CELLS.map(({ role, place }) => `${role} · ${placeOf(place)}`))];
  const known = new Set(CELLS.map(nameOf));
  const lines = rows.map((row) => {
    const cells = COLUMNS.map((does) => {
      const name = `${row} · ${does}`;
      return known.has(name) ? String(counts.get(name) ?? 0) : '—';
    });
    return `| ${row} | ${cells.join(' | ')} |`;
  });
  const head = `| struck at | ${COLUMNS.join(' | ')} |\n|---|${COLUMNS.map(() => '--:').join('|')}|`;
  return `${head}\n${lines.join('\n')}\n`;
}
