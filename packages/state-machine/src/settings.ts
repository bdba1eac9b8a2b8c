/**
 * Limits that apply reads (G6). Until a command sets them, these defaults hold on every node.
 */
import type { ClusterSettings } from "@coxswain/protocol";

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

/** The defaults of feature level 0. Changing one is a change of meaning (G7). */
export const DEFAULT_SETTINGS: Readonly<ClusterSettings> = Object.freeze({
  maxActiveJobs: 100_000,
  maxActiveJobBytes: GIB,
  maxActiveExecutionsPerJob: 100,
  maxNodeLossesPerExecution: 10,
  maxExecutionsKeptPerJob: 100,
  historyMaxJobs: 1_000_000,
  historyMaxBytes: 4 * GIB,
  historyMaxAgeMs: 30 * DAY_MS,
  requestWindowMs: 3_600_000,
  outputTailBytes: 2_048,
});

/** Fills what is not set (0) from the defaults. Only `outputTailBytes` may be 0, which turns it off. */
export function resolveSettings(given: ClusterSettings): ClusterSettings {
  const resolved = { ...DEFAULT_SETTINGS };
  for (const name of Object.keys(DEFAULT_SETTINGS) as (keyof ClusterSettings)[]) {
    if (given[name] > 0) resolved[name] = given[name];
  }
  return { ...resolved, outputTailBytes: given.outputTailBytes };
}
