import { expect, test } from "@jest/globals";
import { LruMap } from "../src/lru-map.ts";

test("the entry that was not read for longest is forgotten first", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
});
