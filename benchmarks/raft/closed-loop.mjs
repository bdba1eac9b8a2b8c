/**
 * A closed loop: so many actions under way, each followed by the next at once. What ends within the measured time counts.
 */
import { createHistogram } from "node:perf_hooks";

const US_PER_MS = 1_000;

/** @returns {Promise<{inFlight: number, commits: number, seconds: number, perSecond: number, p50Ms: number, p99Ms: number, maxMs: number}>} */
export async function closedLoop({ inFlight, seconds, warmupSeconds = 1, action }) {
  const startsAt = performance.now() + warmupSeconds * 1_000;
  const endsAt = startsAt + seconds * 1_000;
  // Of bounded size: a list of millions of samples would stall the process that is measured whenever it grows.
  const histogram = createHistogram();
  const lane = async () => {
    for (let begunAt = performance.now(); begunAt < endsAt; ) {
      await action();
      const endedAt = performance.now();
      if (endedAt >= startsAt && endedAt < endsAt) histogram.record(Math.max(1, Math.round((endedAt - begunAt) * US_PER_MS)));
      begunAt = endedAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { count: commits, max } = histogram;
  const [p50Ms, p99Ms] = [50, 99].map((percentile) => histogram.percentile(percentile) / US_PER_MS);
  return { inFlight, commits, seconds, perSecond: commits / seconds, p50Ms, p99Ms, maxMs: max / US_PER_MS };
}
