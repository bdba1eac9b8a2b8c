import type { JobSpec, PolicySpec, ScheduleSpec, TaskSpec } from "@coxswain/client";
import { CronError, parseCron } from "@coxswain/cron";
import { UsageError } from "../errors.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseInstant } from "../parse/instant.ts";
import { parseHeaders, readPayload } from "../parse/values.ts";

/** The flags of `cox job submit` that say what, when and how. */
export interface SpecFlags {
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
}

/**
 * The job that the flags describe.
 *
 * @throws UsageError when they contradict each other or make no sense
 */
export function specOf(line: string | undefined, options: SpecFlags, nowMs: number): JobSpec {
  const schedule = scheduleOf(options, nowMs);
  const policy = policyOf(options);
  return {
    ...(options.id === undefined ? {} : { id: options.id }),
    ...whatOf(line, options),
    ...(schedule === undefined ? {} : { schedule }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}

function whatOf(line: string | undefined, options: SpecFlags): Pick<JobSpec, "command" | "image" | "task"> {
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

function webhookOf(url: string, options: SpecFlags): TaskSpec {
  return {
    kind: "webhook",
    url,
    ...(options.method === undefined ? {} : { method: options.method.toUpperCase() }),
    ...(options.header === undefined ? {} : { headers: parseHeaders(options.header) }),
    ...(options.payload === undefined ? {} : { payload: readPayload(options.payload) }),
  };
}

function scheduleOf(options: SpecFlags, nowMs: number): ScheduleSpec | undefined {
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

function policyOf({ maxAttempts, timeout, onNodeLoss, priority }: SpecFlags): PolicySpec {
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout) }),
    ...(onNodeLoss === undefined ? {} : { onNodeLoss }),
    ...(priority === undefined ? {} : { priority }),
  };
}
