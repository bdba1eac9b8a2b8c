import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Bench } from "./bench.ts";
import { describeLinux, processesWith } from "./linux.ts";

const file = (name: string): string => fileURLToPath(new URL(`killed-node/${name}`, import.meta.url));

describeLinux("a node killed with SIGKILL in the middle of a task", () => {
  test("leaves processes that its next start ends, all of them", async () => {
    const bench = new Bench();
    const args = ["--conditions=@coxswain/source", "--import", file("register-ts.mjs"), file("node.ts")];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const node = spawn(process.execPath, [...args, bench.directory, bench.id], { env, stdio: ["ignore", "pipe", "inherit"] });
    await once(node.stdout, "data");
    node.kill("SIGKILL");
    await once(node, "exit");
    const orphans = processesWith(`COX_JOB_ID=${bench.id}`);
    await bench.executor.reap();
    expect(await bench.leftovers()).toEqual([]);
    expect(orphans.length).toBeGreaterThanOrEqual(3);
    await bench.close();
  });
});
