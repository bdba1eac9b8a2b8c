import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Bench } from "./bench.ts";
import { describeLinux, describeSandboxes } from "./linux.ts";
import { processesWith } from "./processes.ts";

const file = (name: string): string => fileURLToPath(new URL(`killed-node/${name}`, import.meta.url));

const SHELL = "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000 & echo ready; sleep 1000";

/** Starts a node, kills it when its task runs, and lets the next start clean up. */
async function killAndReap(...isolation: readonly string[]): Promise<{ readonly orphans: readonly number[]; readonly leftovers: readonly string[] }> {
  const bench = new Bench();
  const args = ["--conditions=@coxswain/source", "--import", file("register-ts.mjs"), file("node.ts")];
  const { NODE_OPTIONS: _, ...env } = process.env;
  const node = spawn(process.execPath, [...args, bench.directory, bench.id, SHELL, ...isolation], { env, stdio: ["ignore", "pipe", "inherit"] });
  await once(node.stdout, "data");
  node.kill("SIGKILL");
  await once(node, "exit");
  const orphans = processesWith(`COX_JOB_ID=${bench.id}`);
  await bench.executor.reap();
  const leftovers = await bench.leftovers();
  await bench.close();
  return { orphans, leftovers };
}

describeLinux("a node killed with SIGKILL in the middle of a task", () => {
  test("case 19: leaves processes that its next start ends, all of them", async () => {
    const { orphans, leftovers } = await killAndReap("none");
    expect(leftovers).toEqual([]);
    expect(orphans.length).toBeGreaterThanOrEqual(3);
  });
});

describeSandboxes("a node killed with SIGKILL in the middle of a sandboxed task", (tool) => {
  test("case 19: leaves nothing behind once its next start has looked", async () => {
    expect((await killAndReap("full", tool)).leftovers).toEqual([]);
  });
});
