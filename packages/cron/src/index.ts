/**
 * Cron expressions to occurrences, with time zones and daylight saving.
 *
 * Pure: no clock, no zone of the process; the reference instant and the zone are arguments.
 * A job with `*` or `*` + step in minute or hour is an interval: it matches whatever the wall clock shows.
 * Any other is a fixed time: skipped by a gap, it happens once at the gap's end; repeated by an
 * overlap, it happens in the first pass only.
 *
 * @example
 * const cron = parseCron("30 2 * * *", { timeZone: "America/New_York" });
 * const [gapDay] = cron.occurrences(Date.parse("2025-03-08T12:00:00Z"), 1);
 * new Date(gapDay).toISOString();   // 2025-03-09T07:00:00.000Z: 02:30 does not exist, so 03:00
 */
export { Cron, FIRST_INSTANT_MS, LAST_INSTANT_MS, MAX_OCCURRENCES } from "./cron.ts";
export { MAX_EXPRESSION_LENGTH, parseCron } from "./parse-cron.ts";
export type { CronOptions } from "./parse-cron.ts";
export {
  CronAliasError,
  CronEmptyError,
  CronError,
  CronFieldCountError,
  CronFieldError,
  CronImpossibleError,
  CronInstantError,
  CronStepError,
  CronTimeZoneError,
  CronTooLongError,
} from "./errors.ts";
export type { CronErrorCategory } from "./errors.ts";
