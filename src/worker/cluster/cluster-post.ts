import type {
  Message,
  PeerMessage,
  ToCoordinator,
  ToMember,
} from '../../shared/protocol/messages.js';
import { COORDINATOR, type MemberId } from '../../shared/protocol/names.js';
import type { Post } from '../post.js';
import type { CoordinatorLine } from './coordinator-line.js';
import type { PeerLinks } from './peer-links.js';

/** The post of a worker in a cluster: a line to the coordinator, direct ones to the others. */
export class ClusterPost implements Post {
  readonly #line: CoordinatorLine;
  readonly #peers: PeerLinks;
  #handler: (message: ToMember) => void = () => undefined;

  constructor(line: CoordinatorLine, peers: PeerLinks) {
    this.#line = line;
    this.#peers = peers;
  }

  send(to: MemberId, message: Message): Promise<void> {
    return to === COORDINATOR
      ? this.#line.send(message as ToCoordinator)
      : this.#peers.send(to, message as PeerMessage);
  }

  receive(handler: (message: ToMember) => void): void {
    this.#handler = handler;
  }

  /** A message that came, from wherever. */
  deliver(message: ToMember): void {
    this.#handler(message);
  }

  close(): void {
    this.#handler = () => undefined;
  }
}
