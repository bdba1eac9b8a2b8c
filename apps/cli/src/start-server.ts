import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const;

/**
 * Runs `coxswaind` with these flags as a child on the same streams, and resolves with its exit code.
 *
 * The child is in a process group of its own: ^C reaches a whole group, and together with the signal passed on the
 * node would see two, the second of which ends it at once.
 */
export async function startServer(flags: readonly string[]): Promise<number> {
  return await runNode(serverProgram(), flags);
}

/** As `startServer`, for any Node program. */
export async function runNode(program: string, flags: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, program, ...flags], {
    stdio: "inherit",
    detached: true,
  });
  const stopForwarding = forwardSignals(child);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    stopForwarding();
  }
}

function forwardSignals(child: ChildProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  return () => {
    for (const signal of forwarded) process.off(signal, forward);
  };
}

/** The `coxswaind` program of the installed `@coxswain/node`. */
function serverProgram(): string {
  let directory = dirname(fileURLToPath(import.meta.resolve("@coxswain/node")));
  while (!existsSync(join(directory, "package.json"))) {
    const parent = dirname(directory);
    if (parent === directory)
      throw new Error("@coxswain/node has no package.json: install `coxswain` again.");
    directory = parent;
  }
  const { bin } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    readonly bin: { readonly coxswaind: string };
  };
  return join(directory, bin.coxswaind);
}
