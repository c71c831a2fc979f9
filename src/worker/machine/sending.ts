import { COORDINATOR, type MemberId } from '../../shared/protocol/names.js';
import type { PeerMessage } from '../../shared/protocol/messages.js';
import type { Context } from './context.js';
import type { MemberState } from './state.js';

/** Whether the two cannot reach each other, so that the coordinator passes messages on. */
export function isRelayed(state: MemberState, to: MemberId): boolean {
  return state.assignment?.relayed.includes(to) ?? false;
}

export function sendToPeer(
  state: MemberState,
  context: Context,
  to: MemberId,
  message: PeerMessage,
): void {
  if (!isRelayed(state, to)) {
    context.emit({ kind: 'send', to, message });
    return;
  }
  const { run, id } = state.config;
  context.emit({
    kind: 'send',
    to: COORDINATOR,
    message: { kind: 'relay', run, from: id, to, message },
  });
}
