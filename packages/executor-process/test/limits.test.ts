import { expect, test } from "@jest/globals";
import type { ResourceLimits } from "@coxswain/executor";
import { DEFAULT_LIMITS, hostOf, limitsOf } from "../src/cgroup/limits.ts";

const HOST = { memoryBytes: 8 * 1024 ** 3, swapBytes: 1024 ** 3, cpus: 4, pids: 32_768 };
const checked = (asked: ResourceLimits): unknown => limitsOf(asked, DEFAULT_LIMITS, HOST);

test("a task that names no limits gets the node's", () => {
  expect(checked({})).toEqual(DEFAULT_LIMITS);
});

test("what a task names replaces the node's, the rest stays", () => {
  expect(checked({ cpus: 2, ioBytesPerSecond: 1_000 })).toEqual({ ...DEFAULT_LIMITS, cpus: 2, ioBytesPerSecond: 1_000 });
});

test("everything that the node allows may be asked for, and no swap", () => {
  expect(checked(HOST)).toMatchObject(HOST);
  expect(checked({ ...HOST, swapBytes: 0 })).toMatchObject({ swapBytes: 0 });
});

test("a node may allow less than the machine has, and never more", async () => {
  const host = await hostOf();
  expect(await hostOf({ memoryBytes: 1_024, swapBytes: 0, cpus: 0.1, pids: 3 })).toEqual({ memoryBytes: 1_024, swapBytes: 0, cpus: 0.1, pids: 3 });
  expect(await hostOf({ memoryBytes: Infinity, cpus: Infinity, pids: Infinity })).toEqual(host);
});

const NONE = [-1, NaN, Infinity, -Infinity, "5" as unknown as number, null as unknown as number];
test.each([
  ...NONE.flatMap((value) => (["memoryBytes", "swapBytes", "cpus", "pids", "ioBytesPerSecond"] as const).map((name) => [name, value] as const)),
  ...(["memoryBytes", "cpus", "pids", "ioBytesPerSecond"] as const).map((name) => [name, 0] as const),
  ...(["memoryBytes", "swapBytes", "pids", "ioBytesPerSecond"] as const).map((name) => [name, 1.5] as const),
  ["memoryBytes", HOST.memoryBytes + 1],
  ["swapBytes", HOST.swapBytes + 1],
  ["cpus", HOST.cpus + 0.1],
  ["cpus", 0.001],
  ["pids", HOST.pids + 1],
] as const)("the limit %s = %p is INVALID", (name, value) => {
  const refused = expect(() => checked({ [name]: value }));
  refused.toThrow(expect.objectContaining({ code: "INVALID_TASK", category: "invalid", message: expect.stringContaining(name) }));
});
