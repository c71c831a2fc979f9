/**
 * The seam between whoever speaks (coordinator, worker) and whatever carries messages: two ends of
 * one link, each with a peer at the other.
 *
 * Order: messages arrive in the order in which they were sent, or not at all after a close. Never
 * before `send` has returned: a receiver may send without fear of re-entry.
 *
 * Ownership: a message and the buffers in it belong to the link from `send` until the promise is
 * settled; after that the sender may write into them again. The receiver may keep what it gets
 * until its handler returns, and copies what it needs for longer, except over a link in one
 * process, which passes values as they are: there the sender leaves them unchanged for ever.
 *
 * Time: `send` is bounded. It rejects with LINK_FULL when the other end has not taken the message
 * after the link's time, and with LINK_CLOSED when the link is closed. Nobody waits for ever.
 *
 * Close: once, by either end, with a reason; both `closed` promises then resolve with it. Messages
 * on their way may be lost. Losing the peer is a close, too.
 */
export interface Link<Out, In> {
  /** Who is at the other end, for people. */
  readonly peer: string;
  send(message: Out): Promise<void>;
  /** At most one handler; messages that came before it was set are kept, in order. */
  receive(handler: (message: In) => void): void;
  close(reason: string): void;
  readonly closed: Promise<string>;
}
