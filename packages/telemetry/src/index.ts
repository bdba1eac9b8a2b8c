/**
 * What a node tells the outside about itself: logs.
 *
 * @example
 * const logger = createLogger({ level: "info", node: 1 });
 * logger.info({ jobId: "j1", tookMs: 12 }, "job completed");
 * // {"level":"info","time":"2026-01-01T00:00:00.000Z","node":1,"jobId":"j1","tookMs":12,"msg":"job completed"}
 *
 * @packageDocumentation
 */
export { type CreateLoggerOptions, createLogger } from "./create-logger.ts";
export type { LogMethod, Logger } from "./logger.ts";
export { type LogLevel, logLevels, parseLogLevel } from "./log-level.ts";
export { secretFields } from "./secrets.ts";
export { InvalidLogLevelError } from "./errors.ts";
