/** Taken once: as a property of the global it is slow to find in a sandbox, such as a test runner's. */
const { max, round } = Math;

/** What is to happen, and when, in microseconds of simulated time. */
interface Scheduled<Event> {
  readonly atUs: number;
  readonly order: number;
  readonly event: Event;
}

/** Hands events out by time; those of one instant in the order in which they were added. A binary heap. */
export class EventQueue<Event> {
  readonly #heap: Scheduled<Event>[] = [];
  #order = 0;
  #nowUs = 0;

  /** The time of the event handed out last. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Whether more is due at this very instant. */
  get isNextNow(): boolean {
    return this.#heap[0]?.atUs === this.#nowUs;
  }

  /** `delayUs` from now. */
  add(delayUs: number, event: Event): void {
    this.addAt(this.#nowUs + delayUs, event);
  }

  /** At an instant; one in the past counts as now. */
  addAt(atUs: number, event: Event): void {
    const added = { atUs: max(this.#nowUs, round(atUs)), order: (this.#order += 1), event };
    this.#heap.push(added);
    this.#rise(added);
  }

  next(): Event | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (first !== last) this.#sink(last);
    this.#nowUs = first.atUs;
    return first.event;
  }

  #rise(item: Scheduled<Event>): void {
    const heap = this.#heap;
    let at = heap.length - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(item, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = item;
  }

  #sink(item: Scheduled<Event>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = heap[leftAt];
      if (left === undefined) break;
      const right = heap[leftAt + 1];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, item)) break;
      heap[at] = child;
      at = isRight ? leftAt + 1 : leftAt;
    }
    heap[at] = item;
  }
}

function isBefore<Event>(a: Scheduled<Event>, b: Scheduled<Event>): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
