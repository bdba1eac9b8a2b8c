/** The value below which `share` of the sorted numbers lie. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (numbers) => quantile(numbers, 0.5);

/**
 * Runs `action` `count` times with `inFlight` of them under way; resolves with rate and latencies.
 *
 * @returns {Promise<{perSecond: number, p50Ms: number, p99Ms: number}>}
 */
export async function load(count, inFlight, action) {
  const latencies = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const n = next++;
      const startedAt = performance.now();
      await action(n);
      latencies.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: count / seconds, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}
