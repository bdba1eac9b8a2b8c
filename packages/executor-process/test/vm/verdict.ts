/** One case that runs in the test machine. */
export interface VmCase {
  readonly name: string;
  run(): Promise<void>;
}

/** A table of cases as a list. */
export const casesOf = (table: Readonly<Record<string, () => Promise<void>>>): readonly VmCase[] =>
  Object.entries(table).map(([name, run]) => ({ name, run }));
