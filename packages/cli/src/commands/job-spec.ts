import type { Command } from "commander";
import type { JobSpec, PolicySpec, ScheduleSpec, TaskSpec } from "@coxswain/client";
import { CronError, parseCron } from "@coxswain/cron";
import { UsageError } from "../errors.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseInstant } from "../parse/instant.ts";
import { parseHeaders, readPayload } from "../parse/values.ts";
import { type TaskFlags, hasTaskFlags, taskOf } from "./task-options.ts";

/** The flags of `cox job submit` that say what, when and how. */
export interface SpecFlags extends TaskFlags {
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
 * The job that the words and flags describe.
 *
 * @throws UsageError when they contradict each other or make no sense
 */
export function specOf(command: Command, options: SpecFlags, nowMs: number): JobSpec {
  const schedule = scheduleOf(options, nowMs);
  const policy = policyOf(options);
  return {
    ...(options.id === undefined ? {} : { id: options.id }),
    task: whatOf(command, options),
    ...(schedule === undefined ? {} : { schedule }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}

function whatOf(command: Command, options: SpecFlags): TaskSpec {
  const hasWords = command.args.length > 0;
  const ways = [hasWords, options.webhook !== undefined, options.none === true].filter(Boolean).length;
  if (ways !== 1)
    throw new UsageError('Say what to run, once: a command such as "echo hello", --webhook URL, or --none.');
  const forWebhook = options.payload ?? options.method ?? options.header;
  if (options.webhook === undefined && forWebhook !== undefined) {
    throw new UsageError("--payload, --method and --header belong to --webhook.");
  }
  if (hasWords) return taskOf(command, options);
  if (hasTaskFlags(options))
    throw new UsageError("--docker, --image, --env, --workdir and limits need a command to run.");
  return options.webhook === undefined ? { kind: "none" } : webhookOf(options.webhook, options);
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
