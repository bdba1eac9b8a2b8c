import { CommanderError } from "commander";
import type { CliEnvironment } from "./environment.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";
import { safeLine } from "./output/text.ts";
import { ServerEndedError, createProgram } from "./program.ts";

/**
 * Runs one command line (without node and script) and resolves with the exit code. Never rejects: errors are told on
 * stderr, in a line or two that say what to do next.
 */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  try {
    await createProgram(environment).parseAsync([...args], { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof ServerEndedError) return error.exitCode;
    if (environment.signal?.aborted === true) return exitCodes.interrupted;
    // Commander has told its own errors already.
    if (!(error instanceof CommanderError)) environment.stderr.write(errorText(error));
    return exitCodeOf(error);
  }
}

function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code =
    typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
      ? error.code
      : undefined;
  const hint = code === undefined ? undefined : hints.get(code);
  return `error: ${safeLine(message)}${code === undefined ? "" : ` [${code}]`}\n${hint === undefined ? "" : `${hint}\n`}`;
}

const unreachable =
  "Is a node there, and does it want --ca-cert, --cert and --key? See --server; `cox server start` runs one.";

/** Where the message comes from below, and knows nothing of this command line. */
const hints: ReadonlyMap<string, string> = new Map([
  ["UNREACHABLE", unreachable],
  ["NO_ANSWER", unreachable],
  ["CONNECTION_LOST", "If the node uses TLS, give --ca-cert, --cert and --key; if not, leave them out."],
  ["TLS_REQUIRED", "On the command line: --ca-cert, --cert and --key, or --insecure."],
  ["UNAUTHENTICATED", "Give --ca-cert, --cert and --key of a certificate made with `cox cert issue`."],
  ["JOB_NOT_FOUND", "`cox job list` shows the jobs there are."],
]);
