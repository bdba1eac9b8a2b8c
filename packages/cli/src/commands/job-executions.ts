import type { Command } from "commander";
import type { AttemptView, ExecutionView } from "@coxswain/client";
import type { CliEnvironment } from "../environment.ts";
import { executionJson } from "../output/json.ts";
import { table } from "../output/table.ts";
import { clipped } from "../output/text.ts";
import { duration, instant } from "../output/times.ts";
import { wholeNumber } from "../parse/values.ts";
import { clusterCommand } from "../session.ts";

interface ExecutionFlags {
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly stale?: boolean;
}

const headings = [
  "EXECUTION",
  "STATUS",
  "DUE",
  "ATTEMPT",
  "NODE",
  "OUTCOME",
  "EXIT",
  "STARTED",
  "TOOK",
  "ERROR",
];

export function addJobExecutions(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("executions")
    .description("show each run of a job with its attempts, newest first")
    .argument("<id>", "the job's id")
    .option("--page-size <n>", "executions on a page (default: 100)", wholeNumber(1, 1_000))
    .option("--page-token <token>", "the page to show, from the page before")
    .option("--stale", "take the asked node's own state, which may lag");
  clusterCommand<ExecutionFlags>(
    command,
    environment,
    async (session, { pageSize, pageToken, stale }, [id = ""]) => {
      const page = await session.client.executions(id, {
        ...(pageSize === undefined ? {} : { pageSize }),
        ...(pageToken === undefined ? {} : { pageToken }),
        ...(stale === undefined ? {} : { stale }),
      });
      session.print({
        json: () => ({
          executions: page.executions.map(executionJson),
          next_page_token: page.nextPageToken ?? "",
        }),
        table: () => table(headings, page.executions.flatMap(rows)) + more(page.nextPageToken),
      });
    },
  );
}

function more(nextPageToken: string | undefined): string {
  return nextPageToken === undefined ? "" : `More: --page-token ${nextPageToken}\n`;
}

/** A line for each attempt, and one for an execution that has none yet. */
function rows(execution: ExecutionView): string[][] {
  const start = [String(execution.number), execution.status, instant(execution.dueMs)];
  if (execution.attempts.length === 0) return [[...start, "-", "-", "-", "-", "-", "-", ""]];
  return execution.attempts.map((attempt) => [...start, ...attemptCells(attempt)]);
}

function attemptCells(attempt: AttemptView): string[] {
  const { startedAtMs, endedAtMs } = attempt;
  const took = startedAtMs === undefined || endedAtMs === undefined ? "-" : duration(endedAtMs - startedAtMs);
  const exit =
    attempt.exitCode?.toString() ??
    attempt.httpStatus?.toString() ??
    (attempt.signal === "" ? "-" : attempt.signal);
  const error = [attempt.errorType, attempt.errorMessage].filter((text) => text !== "").join(": ");
  return [
    String(attempt.number),
    String(attempt.nodeId),
    attempt.outcome ?? "-",
    exit,
    startedAtMs === undefined ? "-" : instant(startedAtMs),
    took,
    clipped(error, 80),
  ];
}
