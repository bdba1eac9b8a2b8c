import { InvalidLogLevelError } from "./errors.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Lines below this level are not written; `silent` writes none. */
export type LogLevel = (typeof logLevels)[number];

/**
 * Reads a level as people write it in flags and environments, in any case.
 *
 * @throws InvalidLogLevelError
 */
export function parseLogLevel(text: string): LogLevel {
  const wanted = text.trim().toLowerCase();
  const level = logLevels.find((known) => known === wanted);
  if (level === undefined) throw new InvalidLogLevelError(text, logLevels);
  return level;
}
