/** Four readings of two clocks, in milliseconds: a question and its answer. */
export interface ClockReadings {
  /** Here, when the question left and when the answer came. */
  readonly asked: number;
  readonly answered: number;
  /** There, when the question came and when the answer left. */
  readonly received: number;
  readonly sent: number;
}

/**
 * How far another machine's clock is ahead of ours, in milliseconds: from the exchange that was
 * least delayed, whose error is half of its round trip at most (RFC 5905, section 8).
 */
export class ClockOffset {
  #shortest = Infinity;
  #offset = 0;

  take({ asked, received, sent, answered }: ClockReadings): void {
    const roundTrip = answered - asked - (sent - received);
    if (roundTrip >= this.#shortest) return;
    this.#shortest = roundTrip;
    this.#offset = (received - asked + (sent - answered)) / 2;
  }

  /** What to add to a time by their clock to have it by ours. */
  get correction(): number {
    return -this.#offset;
  }
}
