import { type Command, InvalidArgumentError } from "commander";
import type { JobListItem, ListOptions, Status } from "@coxswain/client";
import type { CliEnvironment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { listItemJson } from "../output/json.ts";
import { table } from "../output/table.ts";
import { clipped, safeLine } from "../output/text.ts";
import { instant } from "../output/times.ts";
import { statusWord, wholeNumber } from "../parse/values.ts";
import { type Session, clusterCommand } from "../session.ts";

interface ListFlags {
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly all?: boolean;
  readonly stream?: boolean;
  readonly status?: Status;
  readonly worker?: number;
  readonly commandSubstr?: string;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  readonly owner?: string;
  readonly stale?: boolean;
}

const headings = ["ID", "STATUS", "STATE", "KIND", "NODE", "CREATED", "NEXT DUE", "SCHEDULE", "RUNS"];
const clipWidth = 60;

export function addJobList(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("list")
    .description("list jobs: one page, all of them, or as a stream")
    .option("--page-size <n>", "jobs on a page (default: 100)", wholeNumber(1, 1_000))
    .option("--page-token <token>", "the page to show, from the page before")
    .option("--all", "every page")
    .option("--stream", "every job over one stream, a line each as it comes")
    .option("--status <status>", "pending, running, completed, failed, timed_out or cancelled", statusWord)
    .option("--worker <node>", "jobs last assigned to this node", wholeNumber(1))
    .option("--command-substr <text>", "jobs whose command contains this, in any case")
    .option("--created-after-ms <ms>", "created after this instant, ms since the epoch", epochMs)
    .option("--created-before-ms <ms>", "created before this instant, ms since the epoch", epochMs)
    .option("--owner <name>", "jobs of this owner; for admins")
    .option("--stale", "take the asked node's own state, which may lag");
  clusterCommand<ListFlags>(command, environment, async (session, flags) => {
    if (flags.stream === true) await streamJobs(session, flags);
    else if (flags.all === true) await listAll(session, flags);
    else await listPage(session, flags);
  });
}

function epochMs(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Give milliseconds since the epoch.");
  return Number(text);
}

async function listPage(session: Session, flags: ListFlags): Promise<void> {
  const { jobs, nextPageToken, totalCount } = await session.client.list(listOptions(flags));
  session.print({
    json: () => ({
      jobs: jobs.map(listItemJson),
      next_page_token: nextPageToken ?? "",
      total_count: totalCount,
    }),
    table: () => table(headings, jobs.map(row)) + more(nextPageToken),
  });
}

function more(nextPageToken: string | undefined): string {
  return nextPageToken === undefined ? "" : `More: --page-token ${nextPageToken}, or --all.\n`;
}

async function listAll(session: Session, flags: ListFlags): Promise<void> {
  const jobs: JobListItem[] = [];
  for await (const job of session.client.listAll({ pageSize: 1_000, ...listOptions(flags) })) jobs.push(job);
  session.print({
    json: () => ({ jobs: jobs.map(listItemJson), next_page_token: "", total_count: jobs.length }),
    table: () => table(headings, jobs.map(row)),
  });
}

async function streamJobs(session: Session, flags: ListFlags): Promise<void> {
  const others = [
    flags.worker,
    flags.commandSubstr,
    flags.createdAfterMs,
    flags.createdBeforeMs,
    flags.owner,
    flags.pageSize,
    flags.pageToken,
  ];
  if (others.some((flag) => flag !== undefined))
    throw new UsageError("--stream can be narrowed by --status only: use --all with other filters.");
  for await (const job of session.client.stream(flags.status === undefined ? {} : { status: flags.status })) {
    session.printLine({
      json: () => listItemJson(job),
      table: () => `${row(job).map(safeLine).join("  ")}\n`,
    });
  }
}

function row(job: JobListItem): string[] {
  return [
    job.jobId,
    job.status,
    job.state,
    job.kind,
    job.assignedWorker?.toString() ?? "-",
    instant(job.createdAtMs),
    job.nextDueMs === undefined ? "-" : instant(job.nextDueMs),
    clipped(job.schedule, clipWidth),
    clipped(job.command, clipWidth),
  ];
}

function listOptions(flags: ListFlags): ListOptions {
  const {
    pageSize,
    pageToken,
    status,
    worker,
    commandSubstr,
    createdAfterMs,
    createdBeforeMs,
    owner,
    stale,
  } = flags;
  return {
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(pageToken === undefined ? {} : { pageToken }),
    ...(status === undefined ? {} : { status }),
    ...(worker === undefined ? {} : { workerId: worker }),
    ...(commandSubstr === undefined ? {} : { command: commandSubstr }),
    ...(createdAfterMs === undefined ? {} : { createdAfterMs }),
    ...(createdBeforeMs === undefined ? {} : { createdBeforeMs }),
    ...(owner === undefined ? {} : { owner }),
    ...(stale === undefined ? {} : { stale }),
  };
}
