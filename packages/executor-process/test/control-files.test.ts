import { expect, test } from "@jest/globals";
import { cgroup2MountIn, controlWrites, counterIn, wordsIn } from "../src/cgroup/control-files.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";

const LIMITS = { ...DEFAULT_LIMITS, memoryBytes: 33_554_432, swapBytes: 0, cpus: 0.2, pids: 10, ioBytesPerSecond: undefined };

test("limits become the kernel's words", () => {
  expect(controlWrites(LIMITS, ["254:0"])).toEqual([
    { file: "memory.max", text: "33554432" },
    { file: "memory.swap.max", text: "0" },
    { file: "memory.oom.group", text: "1" },
    { file: "cpu.max", text: "20000 100000" },
    { file: "pids.max", text: "10" },
  ]);
});

test("a rate is set for every disk, one write each", () => {
  const writes = controlWrites({ ...LIMITS, ioBytesPerSecond: 1_000 }, ["254:0", "8:16"]);
  expect(writes.filter(({ file }) => file === "io.max").map(({ text }) => text)).toEqual([
    "254:0 rbps=1000 wbps=1000",
    "8:16 rbps=1000 wbps=1000",
  ]);
});

test("a counter is read by its whole name", () => {
  const events = "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n";
  expect(["oom", "oom_kill", "max", "none"].map((name) => counterIn(events, name))).toEqual([2, 3, 7, 0]);
});

test("cgroup v2 is told from v1 in the mount table, wherever it is mounted", () => {
  const v1 = "35 34 0:30 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory";
  const v2 = "44 34 0:40 / /sys/fs/cgroup/unified rw,relatime shared:20 - cgroup2 cgroup2 rw";
  expect(cgroup2MountIn(`${v1}\n${v2}\n`)).toBe("/sys/fs/cgroup/unified");
  expect(cgroup2MountIn(v1)).toBeUndefined();
});

test("controllers are words", () => {
  expect(wordsIn("cpuset cpu io\n")).toEqual(["cpuset", "cpu", "io"]);
  expect(wordsIn("\n")).toEqual([]);
});
