/** A job in one line: what it runs and when. */
import type { Execution, Job, JobSummary, Schedule, Task } from "@coxswain/protocol";
import { commandText, executorOf } from "@coxswain/state-machine";
import { newestAttempt } from "./newest-attempt.ts";

/** Longer lines end in an ellipsis, so that a page of 1000 jobs stays small. */
const MAX_LINE_CHARACTERS = 256;

export function jobSummary(job: Job, latest: Execution | undefined): JobSummary {
  const completedAtMs =
    latest === undefined || latest.finishedAtMs === 0 ? job.finishedAtMs : latest.finishedAtMs;
  return {
    jobId: job.id,
    command: commandLine(job.task),
    status: job.status,
    assignedWorker: newestAttempt(latest)?.nodeId ?? 0,
    createdAtMs: job.createdAtMs,
    ...(completedAtMs === 0 ? {} : { completedAtMs }),
    state: job.state,
    kind: executorOf(job.task),
    schedule: scheduleLine(job.schedule),
    nextDueMs: job.nextDueMs,
    owner: job.owner,
  };
}

/** What a task runs, as one line: the text that a listing's filter looks into, cut where it is long. */
export function commandLine(task: Task | undefined): string {
  const line = commandText(task);
  if (line.length <= MAX_LINE_CHARACTERS) return line;
  return `${[...line.slice(0, MAX_LINE_CHARACTERS)].slice(0, -1).join("")}…`;
}

/** When a job runs, as one line. */
export function scheduleLine(schedule: Schedule | undefined): string {
  const kind = schedule?.kind;
  switch (kind?.$case) {
    case "at":
      return `at ${new Date(kind.value.atMs).toISOString()}`;
    case "cron":
      return `cron ${kind.value.expression} ${kind.value.timeZone === "" ? "UTC" : kind.value.timeZone}`;
    case "now":
    case undefined:
      return "now";
  }
}
