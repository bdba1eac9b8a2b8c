/**
 * Decoded records by id, bounded by what they weigh; the least recently used go first.
 */
export class RecordCache<T> {
  readonly #limitBytes: number;
  readonly #weigh: (record: T) => number;
  /** In order of use: a Map keeps the order of insertion. */
  readonly #records = new Map<string, T>();
  #bytes = 0;

  constructor(limitBytes: number, weigh: (record: T) => number) {
    this.#limitBytes = limitBytes;
    this.#weigh = weigh;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  get(id: string): T | undefined {
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    this.#records.delete(id);
    this.#records.set(id, record);
    return record;
  }

  /** `undefined` removes. */
  set(id: string, record: T | undefined): void {
    this.#remove(id);
    if (record === undefined) return;
    this.#records.set(id, record);
    this.#bytes += this.#weigh(record);
    for (const oldest of this.#records.keys()) {
      if (this.#bytes <= this.#limitBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#bytes -= this.#weigh(record);
  }
}
