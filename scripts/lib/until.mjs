/**
 * Waits for a condition of a system that is really distributed: asks again until it holds.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Resolves with the first truthy answer. An attempt that throws counts as "not yet". */
export async function until(what, condition, { timeoutMs = 30_000, everyMs = 100 } = {}) {
  const deadline = Date.now() + timeoutMs;
  let last;
  while (Date.now() < deadline) {
    try {
      const answer = await condition();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await delay(everyMs);
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}
