import { pause } from "./backoff.ts";
import { CoxswainClientError } from "./errors.ts";
import type { JobStatus } from "./job-views.ts";

const firstWaitMs = 25;
const longestWaitMs = 1_000;

/**
 * Asks for a job's status, at growing intervals, until it has ended for good.
 *
 * @param ask gets the time that is left
 * @throws CoxswainClientError WAIT_TIMED_OUT, WAIT_ABORTED, or what `ask` throws
 */
export async function untilOver(
  jobId: string,
  untilMs: number,
  signal: AbortSignal,
  ask: (leftMs: number) => Promise<JobStatus>,
): Promise<JobStatus> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 1.5)) {
    if (signal.aborted) {
      throw new CoxswainClientError(
        "WAIT_ABORTED",
        "unavailable",
        `Waiting for ${jobId} was given up; the job goes on.`,
      );
    }
    const job = await ask(Math.max(1, untilMs - Date.now()));
    if (isOver(job)) return job;
    if (Date.now() + waitMs > untilMs) {
      const message = `Job ${jobId} is ${job.status} after the time waited: wait longer, or look with status.`;
      throw new CoxswainClientError("WAIT_TIMED_OUT", "unknown-outcome", message);
    }
    await pause(waitMs, signal);
  }
}

/** No attempt runs or waits, and no occurrence is to come. */
function isOver({ status, state, schedule }: JobStatus): boolean {
  // A job whose occurrences were all passed over is finished without ever having run.
  if (state === "FINISHED") return true;
  const ended = status !== "PENDING" && status !== "RUNNING";
  return ended && (schedule.kind !== "cron" || state === "CANCELLED");
}
