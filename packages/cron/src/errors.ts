/** How callers treat an error; the edges map it to their status codes. Everything here is the caller's to correct. */
export type CronErrorCategory = "invalid";

/** What all errors of this package have in common. */
export abstract class CronError extends Error {
  abstract readonly code: string;
  readonly category: CronErrorCategory = "invalid";
  /** The field at fault (`minute`, `day-of-month`, ...); absent when the whole expression is. */
  readonly field: string | undefined;

  constructor(message: string, options: { readonly field?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.field = options.field;
  }
}

/** No expression was given. */
export class CronEmptyError extends CronError {
  readonly code = "CRON_EMPTY";
}

/** The expression is longer than any meaningful one. */
export class CronTooLongError extends CronError {
  readonly code = "CRON_TOO_LONG";
}

/** Neither 5 nor 6 fields. */
export class CronFieldCountError extends CronError {
  readonly code = "CRON_FIELD_COUNT";
}

/** A field holds something that is no value, range, step or rule of that field. */
export class CronFieldError extends CronError {
  readonly code = "CRON_FIELD";
}

/** A step leaves its range at once. */
export class CronStepError extends CronError {
  readonly code = "CRON_STEP";
}

/** Well formed, but no day of any year matches. */
export class CronImpossibleError extends CronError {
  readonly code = "CRON_IMPOSSIBLE";
}

/** `@something` that is no alias. */
export class CronAliasError extends CronError {
  readonly code = "CRON_ALIAS";
}

/** Not an IANA time zone, or two that contradict each other. */
export class CronTimeZoneError extends CronError {
  readonly code = "CRON_TIME_ZONE";
}

/** A reference instant or a limit that no schedule can have. */
export class CronInstantError extends CronError {
  readonly code = "CRON_INSTANT";
}
