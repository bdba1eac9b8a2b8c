import type { Command } from "commander";
import type { JobStatus } from "@coxswain/client";
import type { CliEnvironment } from "../environment.ts";
import { scheduleLine, taskLine } from "../output/describe.ts";
import { statusJson } from "../output/json.ts";
import { fields } from "../output/table.ts";
import { safeText } from "../output/text.ts";
import { instant } from "../output/times.ts";
import { clusterCommand } from "../session.ts";

/** An awaited job ended, but not well; exit code 1. */
export class JobFailedError extends Error {
  readonly code = "JOB_FAILED" as const;

  constructor({ jobId, status }: Pick<JobStatus, "jobId" | "status">) {
    super(`Job ${jobId} ended ${status}: see \`cox job executions ${jobId}\`.`);
    this.name = "JobFailedError";
  }
}

export function addJobStatus(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("status")
    .description("show a job: status, exit code, node, times and the end of its output")
    .argument("<id>", "the job's id")
    .option("--stale", "take the asked node's own state, which may lag");
  clusterCommand<{ readonly stale?: boolean }>(
    command,
    environment,
    async (session, { stale = false }, [id = ""]) => {
      const status = await session.client.status(id, { stale });
      session.print({ json: () => statusJson(status), table: () => statusText(status) });
    },
  );
}

export function statusText(job: JobStatus): string {
  const node = job.executedBy ?? job.assignedWorker;
  const lines = fields([
    ["Job", job.jobId],
    ["Status", job.status],
    ["Waits", job.pendingReason],
    ["State", job.state],
    ["Exit code", job.exitCode?.toString()],
    ["Node", node?.toString()],
    ["Runs", taskLine(job.task)],
    ["Schedule", scheduleLine(job.schedule)],
    ["Owner", job.owner],
    ["Created", instant(job.createdAtMs)],
    ["Completed", instant(job.completedAtMs)],
    ["Next due", instant(job.nextDueMs)],
    ["Executions", String(job.executions)],
    ["Attempts", String(job.attempts)],
    ["Missed", job.missedOccurrences === 0 ? undefined : String(job.missedOccurrences)],
    ["Error", [job.errorType, job.error].filter((text) => text !== "").join(": ")],
    ["Cancelled", job.cancelReason],
  ]);
  return lines + outputText(job.output);
}

function outputText(output: Uint8Array): string {
  if (output.length === 0) return "";
  const text = safeText(Buffer.from(output).toString("utf8"));
  return `Output\n${text}${text.endsWith("\n") ? "" : "\n"}`;
}
