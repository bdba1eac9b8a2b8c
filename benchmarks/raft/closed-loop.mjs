/**
 * A closed loop: so many actions under way, each followed by the next at once. What ends within the measured time counts.
 */
import { latencies } from "./statistics.mjs";

/** @returns {Promise<{inFlight: number, commits: number, seconds: number, perSecond: number, p50Ms: number, p99Ms: number, maxMs: number}>} */
export async function closedLoop({ inFlight, seconds, warmupSeconds = 1, action }) {
  const startsAt = performance.now() + warmupSeconds * 1_000;
  const endsAt = startsAt + seconds * 1_000;
  const samplesMs = [];
  const lane = async () => {
    for (let begunAt = performance.now(); begunAt < endsAt; ) {
      await action();
      const endedAt = performance.now();
      if (endedAt >= startsAt && endedAt < endsAt) samplesMs.push(endedAt - begunAt);
      begunAt = endedAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const commits = samplesMs.length;
  return { inFlight, commits, seconds, perSecond: commits / seconds, ...latencies(samplesMs) };
}
