import { COUNTED, type Counter, type Counters, noCounts } from "./counters.ts";

/** One line of the table. */
export interface CoverageRow {
  readonly name: Counter;
  /** Runs in which it happened at least once. */
  readonly runs: number;
  /** How often, in all runs together. */
  readonly total: number;
  readonly what: string;
}

/** What many runs brought about: a simulator that never reaches a state proves nothing about it. */
export class Coverage {
  readonly #runs = noCounts();
  readonly #totals = noCounts();
  #size = 0;

  /** Runs taken in. */
  get size(): number {
    return this.#size;
  }

  /** Takes one run in. */
  add(counters: Counters): void {
    this.#size += 1;
    for (const name of names()) {
      this.#totals[name] += counters[name];
      if (counters[name] > 0) this.#runs[name] += 1;
    }
  }

  /** As plain data, for another thread's {@link merge}. */
  toJSON(): { readonly size: number; readonly rows: readonly CoverageRow[] } {
    return { size: this.#size, rows: this.rows() };
  }

  /** Takes in what another thread counted. */
  merge({ size, rows }: ReturnType<Coverage["toJSON"]>): void {
    this.#size += size;
    for (const { name, runs, total } of rows) {
      this.#runs[name] += runs;
      this.#totals[name] += total;
    }
  }

  /** One row for each thing that is counted. */
  rows(): CoverageRow[] {
    return names().map((name) => ({
      name,
      runs: this.#runs[name],
      total: this.#totals[name],
      what: COUNTED[name],
    }));
  }

  /** What happened in no run. */
  missing(): Counter[] {
    return names().filter((name) => this.#runs[name] === 0);
  }

  /** A table for people: how many runs had it, how often it happened, what it is. */
  toString(): string {
    const width = Math.max(...names().map((name) => name.length));
    const lines = this.rows().map(({ name, runs, total, what }) => {
      const share = ((100 * runs) / Math.max(1, this.#size)).toFixed(1);
      return `${name.padEnd(width)} ${share.padStart(6)} % ${String(total).padStart(12)}  ${what}`;
    });
    return [`${"".padEnd(width)}   in runs      in all`, ...lines].join("\n");
  }
}

function names(): Counter[] {
  return Object.keys(COUNTED) as Counter[];
}
