import type { Link } from '../shared/link/link.js';
import type { Message, ToCoordinator, ToMember } from '../shared/protocol/messages.js';
import { COORDINATOR, type MemberId } from '../shared/protocol/names.js';
import { assertInternal } from '../shared/errors.js';

/** What carries a member's messages, to the coordinator and to other members. */
export interface Post {
  /**
   * Bounded in time; the message is the post's until the promise is settled. It may get lost where
   * the other is out of reach: the machines repeat what matters. Rejects only where the worker
   * cannot go on.
   */
  send(to: MemberId, message: Message): Promise<void>;
  receive(handler: (message: ToMember) => void): void;
  close(reason: string): void;
}

/** For the only worker of a run: all it has is a link to its coordinator. */
export function soloPost(link: Link<ToCoordinator, ToMember>): Post {
  return {
    send: (to, message) => {
      assertInternal(to === COORDINATOR, 'The only worker of a run has no peers.');
      return link.send(message as ToCoordinator);
    },
    receive: (handler) => {
      link.receive(handler);
    },
    close: (reason) => {
      link.close(reason);
    },
  };
}
