import { setTimeout as after } from 'node:timers/promises';
import { dial } from '../../shared/link/dial.js';
import { SocketLink } from '../../shared/link/socket-link.js';
import type { ClientTls } from '../../shared/link/tls.js';
import type { Token } from '../../shared/link/token.js';
import {
  fromCoordinatorSchema,
  type FromCoordinator,
  type FromWorker,
  type Join,
} from '../../shared/wire/session.js';

type CoordinatorLink = SocketLink<FromWorker, FromCoordinator>;

const FIRST_WAIT_MILLISECONDS = 100;
const LONGEST_WAIT_MILLISECONDS = 2000;

export interface CoordinatorLineOptions {
  readonly url: string;
  readonly token: Token;
  /** Whom to trust where the address is encrypted. */
  readonly trust: ClientTls;
  readonly join: Join;
  readonly onMessage: (message: FromCoordinator) => void;
  readonly onNotice: (text: string) => void;
}

/**
 * The line to the coordinator, dialled anew whenever it breaks: the coordinator may be started
 * again. What is said while it is down is lost, and said again by whoever needs it.
 */
export class CoordinatorLine {
  readonly #options: CoordinatorLineOptions;
  #link: CoordinatorLink | null = null;
  #closed = false;
  /** Why the line is down; null while it is up. */
  #reason: string | null = null;

  private constructor(options: CoordinatorLineOptions) {
    this.#options = options;
  }

  /** Throws JOIN_FAILED, JOIN_REFUSED, JOIN_UNTRUSTED where the first connection is not made. */
  static async open(options: CoordinatorLineOptions): Promise<CoordinatorLine> {
    const line = new CoordinatorLine(options);
    await line.#dial();
    return line;
  }

  get reason(): string | null {
    return this.#reason;
  }

  async send(message: FromWorker): Promise<void> {
    await this.#link?.send(message).catch(() => undefined);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#link?.close(reason);
  }

  async #dial(): Promise<void> {
    const { url, token, trust, join, onMessage } = this.#options;
    const link: CoordinatorLink = new SocketLink(await dial(url, token, trust), {
      peer: 'the coordinator',
      accepts: fromCoordinatorSchema,
      onInvalid: (error) => {
        this.#options.onNotice(`The coordinator: ${error.message}`);
      },
    });
    if (this.#closed) {
      link.close('the worker has ended');
      return;
    }
    this.#link = link;
    this.#reason = null;
    link.receive(onMessage);
    void link.closed.then((reason) => {
      this.#link = null;
      this.#reason = reason;
      if (!this.#closed) void this.#redial();
    });
    await link.send(join);
  }

  async #redial(): Promise<void> {
    this.#options.onNotice(
      `The line to the coordinator broke: ${this.#reason ?? ''}. Dialling again.`,
    );
    for (let wait = FIRST_WAIT_MILLISECONDS; !this.#closed;) {
      await after(wait, undefined, { ref: false });
      wait = Math.min(2 * wait, LONGEST_WAIT_MILLISECONDS);
      try {
        if (!this.#closed) await this.#dial();
        return;
      } catch (error) {
        this.#reason = error instanceof Error ? error.message : String(error);
      }
    }
  }
}
