import { type Command, Option } from "commander";
import type { JobSpec, PolicySpec, ScheduleSpec, TaskSpec } from "@coxswain/client";
import { CronError, parseCron } from "@coxswain/cron";
import type { CliEnvironment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { statusJson, submittedJson } from "../output/json.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseInstant } from "../parse/instant.ts";
import { gathered, parseHeaders, readPayload, wholeNumber } from "../parse/values.ts";
import { clusterCommand } from "../session.ts";
import { JobFailedError, statusText } from "./job-status.ts";

interface SubmitOptions {
  readonly image?: string;
  readonly docker?: boolean;
  readonly webhook?: string;
  readonly payload?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly none?: boolean;
  readonly at?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly first?: string;
  readonly last?: string;
  readonly id?: string;
  readonly maxAttempts?: number;
  readonly timeout?: string;
  readonly onNodeLoss?: "retry" | "fail";
  readonly priority?: number;
  readonly wait?: boolean;
}

const examples = `
Examples:
  cox job submit "echo hello"
  cox job submit --at +3s "date"
  cox job submit --cron "30 2 * * *" --tz Europe/Berlin "pg_dump app > /backup/app.sql"
  cox job submit --webhook https://example.org/hook --payload '{"a":1}' --header "X-Team: ops"
  cox job submit --image alpine:latest "cat /etc/os-release" --wait`;

export function addJobSubmit(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("submit")
    .description("store a job and print its id; the cluster runs it now, at an instant, or again and again")
    .argument("[command]", "a shell line to run")
    .addOption(new Option("--image <image>", "run it in a container of this image").helpGroup("What to run:"))
    .addOption(
      new Option("--docker", "run it in a container of the cluster's default image").helpGroup(
        "What to run:",
      ),
    )
    .addOption(new Option("--webhook <url>", "call this address instead").helpGroup("What to run:"))
    .addOption(new Option("--payload <text|@file>", "what to send to it").helpGroup("What to run:"))
    .addOption(new Option("--method <method>", "how to call it (default: POST)").helpGroup("What to run:"))
    .addOption(
      new Option("--header <line>", '"Name: value"; may be repeated')
        .argParser(gathered)
        .helpGroup("What to run:"),
    )
    .addOption(new Option("--none", "run nothing: the job completes at once").helpGroup("What to run:"))
    .addOption(
      new Option("--at <instant>", 'RFC 3339, epoch seconds, "2006-01-02 15:04:05" (UTC) or +3s').helpGroup(
        "When:",
      ),
    )
    .addOption(
      new Option("--cron <expression>", "5 or 6 fields, or an alias such as @daily").helpGroup("When:"),
    )
    .addOption(new Option("--tz <zone>", "time zone of --cron (default: UTC)").helpGroup("When:"))
    .addOption(new Option("--first <instant>", "no occurrence of --cron before this").helpGroup("When:"))
    .addOption(new Option("--last <instant>", "no occurrence of --cron after this").helpGroup("When:"))
    .addOption(
      new Option("--max-attempts <n>", "how often to try in all")
        .argParser(wholeNumber(1, 1_000))
        .helpGroup("How:"),
    )
    .addOption(new Option("--timeout <time>", "limit of one attempt, such as 30s").helpGroup("How:"))
    .addOption(
      new Option("--on-node-loss <policy>", "retry elsewhere, or fail")
        .choices(["retry", "fail"])
        .helpGroup("How:"),
    )
    .addOption(
      new Option("--priority <n>", "higher runs first (default: 0)")
        .argParser(wholeNumber(0, 4_294_967_295))
        .helpGroup("How:"),
    )
    .option("--id <id>", "your own id: a second submit with it and the same content is the same job")
    .option("--wait", "wait for the end, show it, and exit with 1 unless the job completed")
    .addHelpText("after", examples);
  clusterCommand<SubmitOptions>(command, environment, async (session, options, [line]) => {
    const submitted = await session.client.submit(specOf(line, options, session.nowMs));
    if (options.wait !== true) {
      session.print({ json: () => submittedJson(submitted), table: () => `${submitted.jobId}\n` });
      return;
    }
    // The id first: whoever is interrupted while waiting still has it.
    if (!session.json) environment.stdout.write(`${submitted.jobId}\n`);
    const job = await session.client.waitFor(
      submitted.jobId,
      environment.signal === undefined ? {} : { signal: environment.signal },
    );
    session.print({ json: () => statusJson(job), table: () => statusText(job) });
    if (job.status !== "COMPLETED") throw new JobFailedError(job);
  });
}

/** @throws UsageError */
export function specOf(line: string | undefined, options: SubmitOptions, nowMs: number): JobSpec {
  const schedule = scheduleOf(options, nowMs);
  const policy = policyOf(options);
  return {
    ...(options.id === undefined ? {} : { id: options.id }),
    ...whatOf(line, options),
    ...(schedule === undefined ? {} : { schedule }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}

function whatOf(
  line: string | undefined,
  options: SubmitOptions,
): Pick<JobSpec, "command" | "image" | "task"> {
  const ways = [line !== undefined, options.webhook !== undefined, options.none === true].filter(
    Boolean,
  ).length;
  if (ways !== 1)
    throw new UsageError('Say what to run, once: a command such as "echo hello", --webhook URL, or --none.');
  const forWebhook = options.payload ?? options.method ?? options.header;
  if (options.webhook === undefined && forWebhook !== undefined) {
    throw new UsageError("--payload, --method and --header belong to --webhook.");
  }
  const inContainer = options.docker === true || options.image !== undefined;
  if (line === undefined && inContainer)
    throw new UsageError("--docker and --image need a command to run in the container.");
  if (options.webhook !== undefined) return { task: webhookOf(options.webhook, options) };
  if (options.none === true) return { task: { kind: "none" } };
  if (line === undefined || line.trim() === "")
    throw new UsageError("The command is empty: give a shell line.");
  if (options.image !== undefined) return { command: line, image: options.image };
  return options.docker === true ? { task: { kind: "docker", shell: line } } : { command: line };
}

function webhookOf(url: string, options: SubmitOptions): TaskSpec {
  return {
    kind: "webhook",
    url,
    ...(options.method === undefined ? {} : { method: options.method.toUpperCase() }),
    ...(options.header === undefined ? {} : { headers: parseHeaders(options.header) }),
    ...(options.payload === undefined ? {} : { payload: readPayload(options.payload) }),
  };
}

function scheduleOf(options: SubmitOptions, nowMs: number): ScheduleSpec | undefined {
  const { at, cron, tz, first, last } = options;
  if (at !== undefined && cron !== undefined)
    throw new UsageError("--at runs once and --cron again and again: give one of them.");
  if (cron === undefined && (tz ?? first ?? last) !== undefined)
    throw new UsageError("--tz, --first and --last belong to --cron.");
  if (at !== undefined) return { kind: "at", atMs: parseInstant(at, nowMs) };
  if (cron === undefined) return undefined;
  checkCron(cron, tz);
  return {
    kind: "cron",
    expression: cron,
    ...(tz === undefined ? {} : { timeZone: tz }),
    ...(first === undefined ? {} : { firstMs: parseInstant(first, nowMs) }),
    ...(last === undefined ? {} : { lastMs: parseInstant(last, nowMs) }),
  };
}

/** The cluster checks again; here the answer needs no cluster. */
function checkCron(expression: string, timeZone: string | undefined): void {
  try {
    parseCron(expression, timeZone === undefined ? {} : { timeZone });
  } catch (cause) {
    if (cause instanceof CronError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

function policyOf({ maxAttempts, timeout, onNodeLoss, priority }: SubmitOptions): PolicySpec {
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout) }),
    ...(onNodeLoss === undefined ? {} : { onNodeLoss }),
    ...(priority === undefined ? {} : { priority }),
  };
}
