/** One case that runs in the test machine. */
export interface VmCase {
  readonly name: string;
  run(): Promise<void>;
}

/** How it went. */
export interface Verdict {
  readonly name: string;
  readonly ms: number;
  /** Undefined: it passed. */
  readonly error?: string;
}

/** A table of cases as a list. */
export const casesOf = (table: Readonly<Record<string, () => Promise<void>>>): readonly VmCase[] =>
  Object.entries(table).map(([name, run]) => ({ name, run }));
