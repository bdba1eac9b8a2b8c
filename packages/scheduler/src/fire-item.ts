/**
 * What becomes of one due occurrence: fired, or passed over by the misfire policy, and when the job
 * is due next. Decided here, with clock and time zones, so that apply needs neither (G6).
 */
import { LAST_INSTANT_MS, parseCron } from "@coxswain/cron";
import { MisfirePolicy } from "@coxswain/state-machine";
import type { FireDue_Item, Job } from "@coxswain/state-machine";

/** Counting more than this tells nobody anything; the count stops here. */
export const MAX_COUNTED_MISSES = 10_000;

/** The decision, without a placement. Throws when the job's schedule cannot be read. */
export type FireDecision = Pick<FireDue_Item, "nextDueMs" | "missed" | "skip">;

/** The occurrences of a job after some instant, within its first and last date. */
interface Occurrences {
  /** 0 means none. */
  after(instantMs: number): number;
  /** In (`fromMs`, `toMs`], up to a bound. */
  count(fromMs: number, toMs: number): number;
  /** Whether the occurrence lies within first and last date. */
  includes(dueMs: number): boolean;
}

/** Decides about the occurrence of `job` at `dueMs`, which has come by `nowMs`. */
export function decideFire(job: Job, dueMs: number, nowMs: number, toleranceMs: number): FireDecision {
  const occurrences = occurrencesOf(job);
  if (!occurrences.includes(dueMs)) return { nextDueMs: occurrences.after(dueMs), missed: 0, skip: true };
  if (nowMs - dueMs <= toleranceMs) return { nextDueMs: occurrences.after(dueMs), missed: 0, skip: false };
  switch (job.policy?.misfire) {
    case MisfirePolicy.ALL:
      return { nextDueMs: occurrences.after(dueMs), missed: 0, skip: false };
    case MisfirePolicy.SKIP: {
      // An occurrence that is still in time is none that was missed.
      const lastLateMs = Math.ceil(nowMs - toleranceMs) - 1;
      return { nextDueMs: occurrences.after(lastLateMs), missed: occurrences.count(dueMs, lastLateMs), skip: true };
    }
    default:
      return { nextDueMs: occurrences.after(nowMs), missed: occurrences.count(dueMs, nowMs), skip: false };
  }
}

function occurrencesOf(job: Job): Occurrences {
  const kind = job.schedule?.kind;
  if (kind?.$case === "at") return { after: () => 0, count: () => 0, includes: () => true };
  if (kind?.$case !== "cron") throw new Error("The job is due but its schedule has no due times.");
  const { expression, timeZone, firstMs, lastMs } = kind.value;
  const cron = parseCron(expression, { timeZone });
  const endMs = lastMs === 0 ? LAST_INSTANT_MS : lastMs;
  return {
    after: (instantMs) => {
      const nextMs = cron.next(Math.max(instantMs, firstMs - 1));
      return nextMs === undefined || nextMs > endMs ? 0 : nextMs;
    },
    count: (fromMs, toMs) => cron.count(fromMs, Math.min(toMs, endMs), MAX_COUNTED_MISSES),
    includes: (dueMs) => dueMs >= firstMs && dueMs <= endMs,
  };
}
