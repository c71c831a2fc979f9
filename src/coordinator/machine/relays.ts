import type { Report } from '../../shared/protocol/messages.js';
import type { MemberId } from '../../shared/protocol/names.js';
import type { CoordinatorState, Relay } from './state.js';

/** The time until two try to reach each other again is doubled at most so often. */
const MOST_DOUBLINGS = 6;

/** Two that both reach us, and not each other: nobody is removed, we pass it on. */
export function relayPairs(
  state: CoordinatorState,
  { from, unreachable }: Report,
): CoordinatorState {
  const others = unreachable.filter(
    (other) => other !== from && state.peers.has(other) && !isRelayed(state, from, other),
  );
  if (others.length === 0) return state;
  const relays = [...state.relays];
  for (const other of others) {
    const at = relays.findIndex((relay) => joins(relay, from, other));
    const [known] = at < 0 ? [] : relays.splice(at, 1);
    const times = (known?.times ?? 0) + 1;
    relays.push({ pair: [from, other], since: state.now, times, isOn: true });
  }
  return { ...state, relays };
}

/** Lines get well: after a while the two are told to try again, and later each time. */
export function retryRelayed(state: CoordinatorState): CoordinatorState {
  const { now, config } = state;
  const isOver = ({ since, times, isOn }: Relay): boolean => {
    const doublings = Math.min(MOST_DOUBLINGS, times - 1);
    return isOn && now - since >= config.times.relayMillis * (1 << doublings);
  };
  if (!state.relays.some(isOver)) return state;
  const relays = state.relays.map((relay) => (isOver(relay) ? { ...relay, isOn: false } : relay));
  return { ...state, relays };
}

export function relaysWithout(
  relays: readonly Relay[],
  gone: ReadonlySet<MemberId>,
): readonly Relay[] {
  return relays.filter(({ pair }) => !pair.some((id) => gone.has(id)));
}

/** Whom a member reaches through us alone. */
export function relayedFor({ relays }: CoordinatorState, id: MemberId): readonly MemberId[] {
  return relays.flatMap(({ pair: [one, other], isOn }) => {
    if (!isOn) return [];
    if (one === id) return [other];
    return other === id ? [one] : [];
  });
}

const isRelayed = ({ relays }: CoordinatorState, one: MemberId, other: MemberId): boolean =>
  relays.some((relay) => relay.isOn && joins(relay, one, other));

const joins = ({ pair }: Relay, one: MemberId, other: MemberId): boolean =>
  pair.includes(one) && pair.includes(other);
