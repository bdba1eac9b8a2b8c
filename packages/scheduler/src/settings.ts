import { SchedulerSettingsError } from "./errors.ts";

/** How the scheduler works. All have defaults. */
export interface SchedulerSettings {
  /** Width of the window of the time index that is kept in memory. Wider costs memory, narrower costs reads. Default 10,000 (SLOT_GAP). */
  readonly slotGapMs: number;
  /** How long a granted lease lasts. Shorter notices lost nodes sooner and forgives less. Default 5,000. */
  readonly nodeTtlMs: number;
  /** Added to `nodeTtlMs` before a node is declared lost: time for its guard to end the attempts. Default 1,000. */
  readonly leaseMarginMs: number;
  /** An occurrence later than this is subject to the misfire policy. Default 1,000. */
  readonly misfireToleranceMs: number;
  /** Items of one command. Default 256. */
  readonly batchItems: number;
  /** Due keys read at a time. Default 1,000. */
  readonly duePageItems: number;
  /** Due keys held in memory; the rest of a crowded slot is read in pages. Default 10,000 (G22). */
  readonly maxNearDueItems: number;
  /** Commands of due items in flight. Default 4. */
  readonly maxDueBatchesInFlight: number;
  /** How far into the queue one look goes for something that can run. Default 10,000. */
  readonly maxQueueScan: number;
  /** First wait after a failed proposal; doubles. Default 50. */
  readonly backoffInitialMs: number;
  /** The most that wait grows to. Default 5,000. */
  readonly backoffMaxMs: number;
  /** How often history is held against its caps. Default 10,000. */
  readonly purgeIntervalMs: number;
  /** Wait between two steps of removing while there is more. Default 100. */
  readonly purgeStepMs: number;
  /** Records removed in one step. Default 500. */
  readonly purgeLimit: number;
}

export const DEFAULT_SETTINGS: SchedulerSettings = {
  slotGapMs: 10_000,
  nodeTtlMs: 5_000,
  leaseMarginMs: 1_000,
  misfireToleranceMs: 1_000,
  batchItems: 256,
  duePageItems: 1_000,
  maxNearDueItems: 10_000,
  maxDueBatchesInFlight: 4,
  maxQueueScan: 10_000,
  backoffInitialMs: 50,
  backoffMaxMs: 5_000,
  purgeIntervalMs: 10_000,
  purgeStepMs: 100,
  purgeLimit: 500,
};

/** Everything else must be at least 1. */
const LEAST: ReadonlyMap<string, number> = new Map([
  ["leaseMarginMs", 0],
  ["misfireToleranceMs", 0],
  ["slotGapMs", 100],
]);

/** Fills in defaults. Throws SchedulerSettingsError for a number out of range. */
export function resolveSettings(given: Partial<SchedulerSettings> = {}): SchedulerSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given };
  for (const [name, value] of Object.entries(settings) as [string, number][]) {
    const least = LEAST.get(name) ?? 1;
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new SchedulerSettingsError(`${name} is ${value}. Use a whole number of at least ${least}.`);
  }
  return settings;
}
