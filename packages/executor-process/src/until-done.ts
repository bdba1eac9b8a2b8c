import type { Clock } from "@coxswain/executor";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Does `work` until it succeeds. For what must not be given up, such as the end of processes.
 *
 * @param failed hears of each failure
 */
export async function untilDone<T>(work: () => Promise<T>, clock: Clock, failed: (error: unknown) => void): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      failed(error);
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}
