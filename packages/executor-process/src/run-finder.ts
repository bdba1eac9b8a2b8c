import { membersOf, processesWith } from "./process-table.ts";
import { SharedScan } from "./shared-scan.ts";

/** `NAME=value` of a run's marker in its environment. */
export const markerEntry = (marker: string): string => `COX_RUN=${marker}`;

/** Finds the processes of runs. */
export class RunFinder {
  readonly #runs = new SharedScan<string>(processesWith);
  readonly #groups = new SharedScan<number>(membersOf);

  /** Those that carry a run's marker in their environment, wherever they went. */
  find(marker: string): Promise<readonly number[]> {
    return this.#runs.find(markerEntry(marker));
  }

  /** The living members of a group. */
  members(pgid: number): Promise<readonly number[]> {
    return this.#groups.find(pgid);
  }
}
