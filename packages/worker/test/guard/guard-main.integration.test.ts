import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { watchFile, unwatchFile } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { describeLinux, Group, isAlive } from "./group.ts";

const fakeNode = fileURLToPath(new URL("fake-node.mjs", import.meta.url));
const guardMain = fileURLToPath(new URL("../../src/guard/guard-main.mjs", import.meta.url));
const LONG_MS = 60_000;

let node: ChildProcess;
let group: Group;
afterEach(async () => {
  node.kill("SIGKILL");
  await group.kill();
});

/** Starts a node that protects a group; returns the guard's pid once the group is known to it. */
async function protectedGroup(leaseMs: number, line?: string): Promise<number> {
  group = await Group.start(line);
  const args = [fakeNode, guardMain, JSON.stringify(group.target), String(leaseMs)];
  node = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  return Number(String((await once(node.stdout!, "data"))[0]));
}

async function untilGone(pid: number): Promise<void> {
  const proc = `/proc/${pid}`;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!isAlive(pid)) resolve();
    };
    watchFile(proc, { interval: 10 }, look);
    setImmediate(look);
  });
  unwatchFile(proc);
}

describeLinux("the guard's process", () => {
  test("ends everything when its node is killed with SIGKILL, and goes", async () => {
    const guardPid = await protectedGroup(LONG_MS, "setsid sleep 1000 & echo ready; sleep 1000 & wait");
    node.kill("SIGKILL");
    expect(await group.ended).toBe("SIGKILL");
    await untilGone(guardPid);
    const marked = spawn("sh", ["-c", `grep -lsa ${group.target.marker} /proc/[0-9]*/environ`], { stdio: "ignore" });
    expect((await once(marked, "exit"))[0]).not.toBe(0);
  });

  test("ends everything at the end of the lease when its node is stopped with SIGSTOP", async () => {
    const guardPid = await protectedGroup(2_500);
    node.kill("SIGSTOP");
    expect(group.alive).toBe(true);
    expect(await group.ended).toBe("SIGKILL");
    expect(isAlive(guardPid)).toBe(true);
    node.kill("SIGKILL");
    await untilGone(guardPid);
  });
});
