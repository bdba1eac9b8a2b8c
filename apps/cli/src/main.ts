import { readFileSync } from "node:fs";
import { exitCodes, runCli } from "@coxswain/cli";
import { startServer } from "./start-server.ts";

/**
 * Runs one command line in this process. Resolves with the exit code; ends the process itself only when ^C comes
 * twice, or when nobody reads its output any more.
 */
export async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort();
  };
  process.stdout.on("error", endWithReader);
  process.stderr.on("error", endWithReader);
  if (!startsServer(args)) process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await runCli(args, {
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      version: version(),
      signal: interrupt.signal,
      startServer,
    });
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** A node takes its signals itself: the second one means something to it. */
function startsServer(args: readonly string[]): boolean {
  const server = args.indexOf("server");
  return server !== -1 && args[server + 1] === "start";
}

/** As when `cox job list | head` has seen enough. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
