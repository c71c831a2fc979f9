interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Virtual time: actions in order of their time, then of their making. A binary heap. */
export class VirtualClock {
  now = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  after(millis: number, action: () => void): void {
    const heap = this.#heap;
    heap.push({ at: this.now + millis, order: this.#order++, action });
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  /** Does the next action; false where there is none. */
  step(): boolean {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return false;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ;) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
        }
        if (least === i) break;
        [heap[i], heap[least]] = [heap[least]!, heap[i]!];
        i = least;
      }
    }
    this.now = first.at;
    first.action();
    return true;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
