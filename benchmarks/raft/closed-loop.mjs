/**
 * A closed loop: so many actions under way, each followed by the next at once. What ends within the measured time counts.
 */
import { quantile } from "../measure.mjs";

/** @returns {Promise<{inFlight: number, perSecond: number, p50Ms: number, p99Ms: number, maxMs: number, count: number}>} */
export async function closedLoop({ inFlight, seconds, warmupSeconds = 1, action, onEnd = () => {} }) {
  const startsAt = performance.now() + warmupSeconds * 1_000;
  const endsAt = startsAt + seconds * 1_000;
  const latencies = [];
  const lane = async () => {
    for (let begunAt = performance.now(); begunAt < endsAt; ) {
      await action();
      const endedAt = performance.now();
      if (endedAt >= startsAt && endedAt < endsAt) latencies.push(endedAt - begunAt);
      onEnd(begunAt, endedAt);
      begunAt = endedAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return {
    inFlight,
    count: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: latencies.reduce((most, value) => Math.max(most, value), 0),
  };
}
