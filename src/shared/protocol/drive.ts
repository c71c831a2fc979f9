/**
 * Drives a pure machine: feeds it events one at a time, in order, and has its effects carried out
 * in order. An event that comes while another is handled waits behind it.
 */
export class Drive<State, Event, Effect> {
  #state: State;
  #busy = false;
  readonly #events: Event[] = [];
  readonly #advance: (state: State, event: Event) => Transition<State, Effect>;
  readonly #carryOut: (effect: Effect) => void;

  constructor(
    first: Transition<State, Effect>,
    advance: (state: State, event: Event) => Transition<State, Effect>,
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

  feed(event: Event): void {
    this.#events.push(event);
    this.#work();
  }

  #work(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        const { state, effects } = this.#advance(this.#state, event);
        this.#state = state;
        for (const effect of effects) this.#carryOut(effect);
      }
    } finally {
      this.#busy = false;
    }
  }
}

interface Transition<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}
