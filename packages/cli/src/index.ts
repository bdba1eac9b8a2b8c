/**
 * The `cox` commands, apart from any process: give them streams and an environment.
 *
 * @example
 * const exitCode = await runCli(["job", "submit", "echo hello"], {
 *   stdout: process.stdout,
 *   stderr: process.stderr,
 *   env: process.env,
 *   version: "0.1.0",
 *   startServer: async () => 1,
 * });
 *
 * @packageDocumentation
 */
export { runCli } from "./run.ts";
export { createProgram } from "./program.ts";
export type { CliClient, CliEnvironment, TextSink } from "./environment.ts";
export { exitCodes } from "./exit-code.ts";
export { executorNotes } from "./output/executors.ts";
export { parseInstant } from "./parse/instant.ts";
export { parseDuration } from "./parse/duration.ts";
export { UsageError } from "./errors.ts";
