/** The guard when its node is stopped, wedged or dead. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { GuardTarget } from "@coxswain/executor";
import { uptimeMs } from "../../src/guard/index.ts";
import { FakeEngine } from "./fake-engine.ts";
import { describeLinux, Group, isAlive } from "./group.ts";
import { GuardedNode, untilGone } from "./guarded-node.ts";

const LONG_MS = 60_000;
const SHORT_MS = 1_500;

let node: GuardedNode;
let engine: FakeEngine;
let directory: string;
let groups: Group[];

beforeEach(async () => {
  groups = [];
  directory = mkdtempSync(join(tmpdir(), "cox-guard-"));
  engine = await new FakeEngine().start();
});
afterEach(async () => {
  await node.close();
  for (const group of groups) await group.kill();
  await engine.close();
  rmSync(directory, { recursive: true });
});

async function group(line?: string): Promise<Group> {
  const started = await Group.start(line);
  groups.push(started);
  return started;
}

const guarded = async (targets: readonly GuardTarget[], leaseMs: number, options: { directory?: string } = {}): Promise<GuardedNode> =>
  (node = await GuardedNode.start(targets, { leaseMs, ...options }));

/** As cgroup v2 shows a group; killing it is noted and does nothing. */
function fakeCgroup(pid: number): string {
  writeFileSync(join(directory, "cgroup.procs"), `${pid}\n`);
  writeFileSync(join(directory, "cgroup.events"), "populated 1\n");
  writeFileSync(join(directory, "cgroup.kill"), "");
  return directory;
}

describeLinux("the guard's process", () => {
  test("ends everything when its node is killed with SIGKILL, and goes", async () => {
    const one = await group("setsid sleep 1000 & echo ready; sleep 1000 & wait");
    await guarded([one.target], LONG_MS);
    await node.kill();
    expect(await one.ended).toBe("SIGKILL");
    await untilGone(node.guardPid);
    const marked = spawn("sh", ["-c", `grep -lsa ${one.target.marker} /proc/[0-9]*/environ`], { stdio: "ignore" });
    expect((await once(marked, "exit"))[0]).not.toBe(0);
  });

  test("ends everything at the end of the lease when its node is stopped with SIGSTOP", async () => {
    const [one, inside] = [await group(), await group()];
    const container = engine.container("running", inside);
    await guarded([one.target, container], SHORT_MS, { directory });
    node.child.kill("SIGSTOP");
    expect(one.alive).toBe(true);
    expect(await Promise.all([one.ended, inside.ended])).toEqual(["SIGKILL", "SIGKILL"]);
    expect(uptimeMs()).toBeGreaterThanOrEqual(node.leaseEndUptimeMs);
    expect(isAlive(node.guardPid)).toBe(true);
    await node.kill();
    await untilGone(node.guardPid);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("ends everything at the end of the lease when its node is wedged in a loop that never ends", async () => {
    const [one, inside] = [await group(), await group()];
    await guarded([one.target, engine.container("running", inside)], SHORT_MS, { directory });
    await node.wedge();
    expect(await Promise.all([one.ended, inside.ended])).toEqual(["SIGKILL", "SIGKILL"]);
    expect(uptimeMs()).toBeGreaterThanOrEqual(node.leaseEndUptimeMs);
  });

  test("ends at once the groups of a node that was killed, and its containers when the lease ends; then it goes", async () => {
    const [one, inside] = [await group(), await group()];
    await guarded([one.target, engine.container("running", inside)], SHORT_MS, { directory });
    await node.kill();
    expect(await one.ended).toBe("SIGKILL");
    expect(inside.alive).toBe(true);
    expect(await inside.ended).toBe("SIGKILL");
    expect(uptimeMs()).toBeGreaterThanOrEqual(node.leaseEndUptimeMs);
    await untilGone(node.guardPid);
    expect(engine.containers).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("without a directory to note them in, containers end with the node: nobody could take them over", async () => {
    const inside = await group();
    await guarded([engine.container("running", inside)], LONG_MS);
    await node.kill();
    expect(await inside.ended).toBe("SIGKILL");
    await untilGone(node.guardPid);
  });

  test("ends by their cgroup those that left the group and dropped the marker", async () => {
    const [one, escaped] = [await group(), await group()];
    await guarded([{ ...one.target, cgroup: fakeCgroup(escaped.target.pgid) }], SHORT_MS);
    node.child.kill("SIGSTOP");
    expect(await one.ended).toBe("SIGKILL");
    await untilSaid(join(directory, "cgroup.kill"), "1");
  });

  test("ends them one by one where the kernel has no cgroup.kill", async () => {
    const [one, escaped] = [await group(), await group("echo ready; exec sleep 1000")];
    const cgroup = fakeCgroup(escaped.target.pgid);
    rmSync(join(cgroup, "cgroup.kill"));
    await guarded([{ ...one.target, cgroup }], SHORT_MS);
    node.child.kill("SIGSTOP");
    expect(await escaped.ended).toBe("SIGKILL");
  });
});

async function untilSaid(file: string, text: string): Promise<void> {
  while (readFileSync(file, "utf8") !== text) await new Promise((resolve) => setImmediate(resolve));
}
