/** The first due instant of a job, stamped into its submit, so that apply knows neither clock nor time zones (G6). */
import { CronTimeZoneError, parseCron } from "@coxswain/cron";
import type { CronSchedule, Schedule } from "@coxswain/protocol";
import { ValidationError } from "./errors.ts";

/**
 * When the job is first due, in milliseconds since the epoch; 0 for a job that is due now.
 *
 * @param atToleranceMs how far in the past `at` may lie: a request takes time to arrive. Such a job is due at once.
 * @throws ValidationError when there is no such instant any more
 */
export function firstDueMs(schedule: Schedule | undefined, nowMs: number, atToleranceMs: number): number {
  const kind = schedule?.kind;
  switch (kind?.$case) {
    case "at":
      if (kind.value.atMs >= nowMs - atToleranceMs) return kind.value.atMs;
      throw notValid(
        "schedule.at.atMs",
        `must not lie in the past (it is ${new Date(nowMs).toISOString()} now)`,
      );
    case "cron":
      return firstOccurrenceMs(kind.value, nowMs);
    case "now":
    case undefined:
      return 0;
  }
}

/** The first occurrence at or after both `firstMs` and now, and not after `lastMs`. */
function firstOccurrenceMs({ expression, timeZone, firstMs, lastMs }: CronSchedule, nowMs: number): number {
  const first = parseCron(expression, { timeZone }).next(Math.max(firstMs, Math.floor(nowMs)) - 1);
  if (first === undefined) throw notValid("schedule.cron.expression", "never occurs");
  if (lastMs !== 0 && first > lastMs) {
    throw notValid(
      "schedule.cron.lastMs",
      `must leave room for an occurrence (the first would be ${new Date(first).toISOString()})`,
    );
  }
  return first;
}

/** What is wrong with an expression or a zone, if anything; needs no clock, so any node can tell. */
export function cronProblem({
  expression,
  timeZone,
}: CronSchedule): { field: "expression" | "timeZone"; problem: string } | undefined {
  try {
    parseCron(expression, { timeZone });
    return undefined;
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    return { field: error instanceof CronTimeZoneError ? "timeZone" : "expression", problem };
  }
}

function notValid(field: string, problem: string): ValidationError {
  return new ValidationError([{ field, problem }]);
}
