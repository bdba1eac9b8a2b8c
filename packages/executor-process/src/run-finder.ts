import { processesWith } from "./process-table.ts";

/** `NAME=value` of a run's marker in its environment. */
export const markerEntry = (marker: string): string => `COX_RUN=${marker}`;

interface Wait {
  readonly marker: string;
  readonly resolve: (pids: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds the processes of a run by the marker in their environment, wherever they went. One
 * scan of the process table serves everyone who asks while the one before is under way: so
 * its cost is shared when many attempts end together.
 */
export class RunFinder {
  #waiting: Wait[] = [];
  #scanning = false;

  find(marker: string): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ marker, resolve, reject });
      if (!this.#scanning) void this.#scan();
    });
  }

  async #scan(): Promise<void> {
    this.#scanning = true;
    while (this.#waiting.length > 0) {
      const waits = this.#waiting;
      this.#waiting = [];
      try {
        const found = await processesWith(new Set(waits.map(({ marker }) => markerEntry(marker))));
        for (const { marker, resolve } of waits) resolve(found.get(markerEntry(marker)) ?? []);
      } catch (error) {
        for (const { reject } of waits) reject(error);
      }
    }
    this.#scanning = false;
  }
}
