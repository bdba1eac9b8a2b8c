import { expect, test } from "@jest/globals";
import { SharedScan } from "../src/shared-scan.ts";

test("whoever asks while a scan is under way shares the next one", async () => {
  const scans: string[][] = [];
  const shared = new SharedScan<string>(async (keys) => {
    scans.push([...keys]);
    await Promise.resolve();
    return new Map([["b", [2, 3]]]);
  });
  const found = await Promise.all(["a", "b", "c", "b"].map((key) => shared.find(key)));
  expect(found).toEqual([[], [2, 3], [], [2, 3]]);
  expect(scans).toEqual([["a"], ["b", "c"]]);
});

test("a scan that fails is everyone's failure who waited for it, and of none after them", async () => {
  let isBroken = true;
  const shared = new SharedScan<number>(async (keys) => {
    if (isBroken) throw new Error("EMFILE");
    return new Map([...keys].map((key) => [key, [key]]));
  });
  await expect(Promise.all([shared.find(1), shared.find(2)])).rejects.toThrow("EMFILE");
  isBroken = false;
  expect(await shared.find(3)).toEqual([3]);
});
