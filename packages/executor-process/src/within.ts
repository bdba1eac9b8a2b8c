import { setTimeout as delay } from "node:timers/promises";

/** Waits for `event`, but not longer than `limitMs`. */
export async function within(limitMs: number, event: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  const limit = delay(limitMs, undefined, { signal: enough.signal }).catch(() => {});
  await Promise.race([event, limit]);
  enough.abort();
}
