import { describe, expect, test } from "@jest/globals";
import { Coverage, noCounts } from "../src/index.ts";

describe("the coverage of many runs", () => {
  const one = new Coverage();
  one.add({ ...noCounts(), steps: 10, crashes: 3 });
  one.add({ ...noCounts(), steps: 10 });

  test("says in how many of them something happened, and how often", () => {
    const row = one.rows().find(({ name }) => name === "crashes");
    expect(row).toMatchObject({ runs: 1, total: 3, what: "power cuts" });
    expect(String(one)).toMatch(/^crashes +50\.0 % +3 {2}power cuts$/m);
  });

  test("names what happened in none", () => {
    expect(one.missing()).toContain("transfers");
    expect(one.missing()).not.toContain("crashes");
  });

  test("adds up what several threads saw", () => {
    const both = new Coverage();
    both.merge(one.toJSON());
    both.merge(one.toJSON());
    expect(both.size).toBe(4);
    expect(both.rows().find(({ name }) => name === "steps")).toMatchObject({ runs: 4, total: 40 });
  });
});
