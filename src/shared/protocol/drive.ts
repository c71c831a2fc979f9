/**
 * Drives a pure machine: feeds it events, in order, and has its effects carried out in order. Events
 * that come while others are handled wait behind them.
 */
export class Drive<State, Event, Effect> {
  #state: State;
  #busy = false;
  readonly #events: Event[] = [];
  #isDue = false;
  readonly #advance: Advance<State, Event, Effect>;
  readonly #carryOut: (effect: Effect) => void;

  constructor(
    first: Transition<State, Effect>,
    advance: Advance<State, Event, Effect>,
    carryOut: (effect: Effect) => void,
  ) {
    this.#state = first.state;
    this.#advance = advance;
    this.#carryOut = carryOut;
    this.#busy = true;
    // The caller's fields are set once its constructor has returned.
    queueMicrotask(() => {
      for (const effect of first.effects) carryOut(effect);
      this.#busy = false;
      this.#work();
    });
  }

  get state(): State {
    return this.#state;
  }

  /** Handles it, and all that wait before it, now. */
  feed(event: Event): void {
    this.#events.push(event);
    this.#work();
  }

  /** Handles it in this turn of the event loop, together with others that come in it. */
  feedSoon(event: Event): void {
    this.#events.push(event);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#work();
    });
  }

  #work(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#events.length > 0) {
        const { state, effects } = this.#advance(this.#state, this.#events);
        this.#state = state;
        for (const effect of effects) this.#carryOut(effect);
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** Takes at least one event off the front of `events`, and says what comes of it. */
type Advance<State, Event, Effect> = (state: State, events: Event[]) => Transition<State, Effect>;

interface Transition<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}
