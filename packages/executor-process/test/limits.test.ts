import { describe, expect, test } from "@jest/globals";
import type { ResourceLimits } from "@coxswain/executor";
import { boundsOf, DEFAULT_LIMITS, hostBounds, limitsOf, namedIn } from "../src/limits.ts";
import type { LimitName } from "../src/limits.ts";

const GIB = 1024 ** 3;
const HOST = { memoryBytes: 8 * GIB, swapBytes: GIB, cpus: 4, pids: 32_768, ioBytesPerSecond: undefined, tmpfsBytes: 8 * GIB, openFiles: 65_536 };
const NAMES = Object.keys(HOST) as LimitName[];
const WHOLE = NAMES.filter((name) => name !== "cpus");
const checked = (asked: ResourceLimits): unknown => limitsOf(asked, DEFAULT_LIMITS, HOST);
const refused = (name: LimitName): unknown =>
  expect.objectContaining({ code: "INVALID_TASK", category: "invalid", message: expect.stringContaining(`limits.${name} `) });

test("a task that names no limits gets the node's", () => {
  expect(checked({})).toEqual(DEFAULT_LIMITS);
});

test("what a task names replaces the node's, the rest stays", () => {
  expect(checked({ cpus: 2, ioBytesPerSecond: 1_000 })).toEqual({ ...DEFAULT_LIMITS, cpus: 2, ioBytesPerSecond: 1_000 });
});

test("everything that the machine has may be asked for, and no swap", () => {
  expect(checked({ ...HOST, swapBytes: 0 })).toMatchObject({ ...HOST, swapBytes: 0 });
});

test("a task names what it sets, also to 0", () => {
  expect(namedIn({ swapBytes: 0, cpus: undefined, openFiles: 20 })).toEqual(["swapBytes", "openFiles"]);
});

const NONE = [-1, NaN, Infinity, -Infinity, "5" as unknown as number, null as unknown as number];
test.each([
  ...NONE.flatMap((value) => NAMES.map((name) => [name, value] as const)),
  ...NAMES.filter((name) => name !== "swapBytes").map((name) => [name, 0] as const),
  ...WHOLE.map((name) => [name, 5_000.5] as const),
  ...NAMES.flatMap((name) => (HOST[name] === undefined ? [] : [[name, HOST[name] + 1] as const])),
  ["cpus", 0.001],
  ["tmpfsBytes", 4_095],
  ["openFiles", 15],
] as const)("case 18: the limit %s = %p is INVALID_TASK", (name, value) => {
  expect(() => checked({ [name]: value })).toThrow(refused(name) as Error);
});

describe("the node's own bounds", () => {
  const bounds = boundsOf(HOST, { memoryBytes: GIB, cpus: 99, ioBytesPerSecond: 1_000_000 });
  const given = (asked: ResourceLimits): unknown => limitsOf(asked, { ...DEFAULT_LIMITS, memoryBytes: 2 * GIB }, bounds);

  test("hold where they are below the machine's, and the machine's hold otherwise", () => {
    expect(bounds).toEqual({ ...HOST, memoryBytes: GIB, ioBytesPerSecond: 1_000_000 });
    expect(() => given({ memoryBytes: GIB + 1 })).toThrow(refused("memoryBytes") as Error);
    expect(() => given({ cpus: 5 })).toThrow(refused("cpus") as Error);
    expect(() => given({ ioBytesPerSecond: 1_000_001 })).toThrow(refused("ioBytesPerSecond") as Error);
  });

  test("are what a task gets where the default is higher or none", () => {
    expect(given({})).toEqual({ ...DEFAULT_LIMITS, memoryBytes: GIB, ioBytesPerSecond: 1_000_000 });
  });
});

(process.platform === "linux" ? test : test.skip)("this machine's are numbers", async () => {
  const { ioBytesPerSecond, ...others } = await hostBounds();
  expect(ioBytesPerSecond).toBeUndefined();
  for (const value of Object.values(others)) expect(value).toBeGreaterThanOrEqual(0);
  expect(others.openFiles).toBeGreaterThan(16);
});
