/** The times of day of an expression, in seconds since local midnight. */
export class TimeSet {
  readonly #nextSecond: Int8Array;
  readonly #nextMinute: Int8Array;
  readonly #nextHour: Int8Array;
  /** The first time of any matching day. */
  readonly first: number;

  constructor(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]) {
    this.#nextHour = nextTable(hours, 24);
    this.#nextMinute = nextTable(minutes, 60);
    this.#nextSecond = nextTable(seconds, 60);
    this.first = this.#compose(this.#hour(0), this.#minute(0), this.#second(0));
  }

  /** The first time at or after `secondOfDay`; undefined when the day holds no more. */
  next(secondOfDay: number): number | undefined {
    const hour = Math.floor(secondOfDay / 3600);
    const minute = Math.floor((secondOfDay % 3600) / 60);
    if (this.#hour(hour) === hour) {
      const second = this.#minute(minute) === minute ? this.#second(secondOfDay % 60) : -1;
      if (second >= 0) return this.#compose(hour, minute, second);
      const laterMinute = this.#minute(minute + 1);
      if (laterMinute >= 0) return this.#compose(hour, laterMinute, this.#second(0));
    }
    const laterHour = this.#hour(hour + 1);
    return laterHour < 0 ? undefined : this.#compose(laterHour, this.#minute(0), this.#second(0));
  }

  #hour(from: number): number {
    return this.#nextHour[from] ?? -1;
  }

  #minute(from: number): number {
    return this.#nextMinute[from] ?? -1;
  }

  #second(from: number): number {
    return this.#nextSecond[from] ?? -1;
  }

  #compose(hour: number, minute: number, second: number): number {
    return hour * 3600 + minute * 60 + second;
  }
}

/** For each value the next one that is set, at or after it; -1 for none. */
function nextTable(values: readonly number[], size: number): Int8Array {
  const set = new Set(values);
  const table = new Int8Array(size);
  for (let value = size - 1, next = -1; value >= 0; value--) {
    if (set.has(value)) next = value;
    table[value] = next;
  }
  return table;
}
