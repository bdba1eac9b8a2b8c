import { beforeEach, expect, test } from "@jest/globals";
import { Cgroup } from "../src/cgroup/cgroup.ts";
import { CgroupParent, recordedCgroup } from "../src/cgroup/cgroup-parent.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { FakeCgroups } from "./fake-cgroups.ts";

let fake: FakeCgroups;
beforeEach(() => void (fake = new FakeCgroups("cpuset cpu io memory pids\n")));

async function parent(): Promise<CgroupParent> {
  const opened = await CgroupParent.open("/cg/coxswain", fake);
  if (typeof opened === "string") throw new Error(opened);
  return opened;
}

test("the parent hands its controllers down, and to open it again changes nothing", async () => {
  await parent();
  const calls = [...fake.calls];
  expect(calls).toEqual([
    "mkdir /cg/coxswain",
    "/cg/cgroup.subtree_control < +cpu +memory +pids +io",
    "/cg/coxswain/cgroup.subtree_control < +cpu +memory +pids +io",
  ]);
  await parent();
  expect(fake.calls).toEqual(calls);
});

test("a missing controller is named, and nothing is made", async () => {
  fake = new FakeCgroups("cpu pids");
  expect(await CgroupParent.open("/cg/coxswain", fake)).toBe("the cgroup controllers memory are missing in /cg");
  expect(fake.calls).toEqual([]);
});

test("a machine without io still has the other three", async () => {
  fake = new FakeCgroups("cpu memory pids");
  expect([...(await parent()).controllers]).toEqual(["cpu", "memory", "pids"]);
});

test("a parent that may not be made is a reason", async () => {
  fake.refused = new Map([["cgroup.subtree_control", "EBUSY"]]);
  expect(await CgroupParent.open("/cg/coxswain", fake)).toContain("EBUSY");
});

test("every limit is written before anyone enters", async () => {
  const cgroup = (await parent()).of("m");
  fake.calls.length = 0;
  await cgroup.make({ ...DEFAULT_LIMITS, memoryBytes: 1_000, cpus: 1, pids: 5 });
  await cgroup.enter(4711);
  expect(fake.calls.map((call) => call.replace("/cg/coxswain/cox-m", "."))).toEqual([
    "mkdir .",
    "./memory.max < 1000",
    "./memory.swap.max < 0",
    "./memory.oom.group < 1",
    "./cpu.max < 100000 100000",
    "./pids.max < 5",
    "./cgroup.procs < 4711",
  ]);
  expect(await cgroup.members()).toEqual([4711]);
});

test("a limit that the kernel refuses leaves no cgroup behind", async () => {
  const cgroup = (await parent()).of("m");
  fake.refused = new Map([["pids.max", "EINVAL"]]);
  await expect(cgroup.make(DEFAULT_LIMITS)).rejects.toThrow("pids.max");
  expect(fake.calls.at(-1)).toBe("rmdir /cg/coxswain/cox-m");
});

test("a kernel without swap needs no limit of none, but cannot give some", async () => {
  fake.lacking = ["memory.swap.max"];
  const cgroups = await parent();
  await cgroups.of("none").make(DEFAULT_LIMITS);
  await expect(cgroups.of("some").make({ ...DEFAULT_LIMITS, swapBytes: 1 })).rejects.toThrow("memory.swap.max");
});

test("the end kills until it is empty, then removes; a second end is harmless", async () => {
  const cgroup = (await parent()).of("m");
  await cgroup.make(DEFAULT_LIMITS);
  await cgroup.enter(4711);
  fake.killsNeeded = 3;
  fake.calls.length = 0;
  expect(await cgroup.end()).toEqual([]);
  expect(await cgroup.end()).toEqual([]);
  expect(fake.calls.map((call) => call.replace("/cg/coxswain/cox-m", "."))).toEqual([
    "./cgroup.kill < 1",
    "./cgroup.kill < 1",
    "./cgroup.kill < 1",
    "rmdir .",
  ]);
});

test("the end goes on while descriptors are short: nothing is known of what is inside", async () => {
  const cgroup = (await parent()).of("m");
  await cgroup.make(DEFAULT_LIMITS);
  await cgroup.enter(4711);
  fake.shortages = 2;
  expect(await cgroup.end()).toEqual([]);
  expect(fake.calls.at(-1)).toBe("rmdir /cg/coxswain/cox-m");
});

test("kills for want of memory are counted; a cgroup that is gone counts none", async () => {
  const cgroup = (await parent()).of("m");
  await cgroup.make(DEFAULT_LIMITS);
  fake.files.set(`${cgroup.directory}/memory.events`, "oom 1\noom_kill 2\n");
  fake.files.set(`${cgroup.directory}/pids.events`, "max 9\n");
  expect([await cgroup.oomKills(), await cgroup.forksRefused()]).toEqual([2, 9]);
  await cgroup.end();
  expect(await cgroup.oomKills()).toBe(0);
});

test("a record's cgroup is ended only if it bears the run's name", async () => {
  await parent();
  await new Cgroup("/cg/coxswain/cox-m", [], fake).make(DEFAULT_LIMITS);
  expect(recordedCgroup("/cg/coxswain", "m", fake)).toBeUndefined();
  expect(recordedCgroup("/cg/coxswain/cox-other", "m", fake)).toBeUndefined();
  expect(recordedCgroup(undefined, "m", fake)).toBeUndefined();
  expect(await recordedCgroup("/cg/coxswain/cox-m", "m", fake)?.end()).toEqual([]);
  expect(fake.calls.at(-1)).toBe("rmdir /cg/coxswain/cox-m");
});
