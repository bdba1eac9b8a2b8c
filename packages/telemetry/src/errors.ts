/** A log level that does not exist. */
export class InvalidLogLevelError extends Error {
  readonly code = "INVALID_LOG_LEVEL" as const;
  readonly category = "invalid" as const;

  constructor(level: string, levels: readonly string[]) {
    super(`Unknown log level ${JSON.stringify(level)}: use ${levels.join(", ")}.`);
    this.name = "InvalidLogLevelError";
  }
}
