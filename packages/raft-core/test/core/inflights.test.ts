import { describe, expect, test } from "@jest/globals";
import { Inflights } from "../../src/core/inflights.ts";

describe("the window of appends under way", () => {
  test("is full by messages or by bytes, and is freed in order", () => {
    const inflights = new Inflights(3, 100);
    inflights.add(1, 10);
    inflights.add(2, 10);
    expect(inflights.isFull).toBe(false);
    inflights.add(5, 10);
    expect(inflights.isFull).toBe(true);
    inflights.freeTo(2);
    expect([inflights.count, inflights.bytes]).toEqual([1, 10]);
    inflights.add(6, 95);
    expect(inflights.isFull).toBe(true);
    inflights.freeTo(9);
    expect([inflights.count, inflights.bytes, inflights.isFull]).toEqual([0, 0, false]);
  });

  test("turns over many times without losing count", () => {
    const inflights = new Inflights(4, 1000);
    for (let index = 1; index <= 100; index += 1) {
      inflights.add(index, index);
      if (index >= 3) inflights.freeTo(index - 2);
    }
    expect([inflights.count, inflights.bytes]).toEqual([2, 199]);
    inflights.freeFirst();
    expect([inflights.count, inflights.bytes]).toEqual([1, 100]);
    inflights.clear();
    inflights.freeFirst();
    expect([inflights.count, inflights.bytes]).toEqual([0, 0]);
  });
});
