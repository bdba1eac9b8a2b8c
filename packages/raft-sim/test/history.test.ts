import { describe, expect, test } from "@jest/globals";
import { History } from "../src/index.ts";

describe("a history", () => {
  test("refuses, as it happens, an operation that takes effect before one that ended before it began", () => {
    const history = new History();
    const write = history.begin("write", 0);
    history.end(write, 5, write.value);
    const read = history.begin("read", 1);
    expect(() => history.end(read, 4, 0)).toThrow(/linearizability: a read took effect at 4/);
  });

  test("lets operations that overlap take effect in either order", () => {
    const history = new History();
    const [first, second] = [history.begin("write", 0), history.begin("write", 0)];
    history.end(second, 2, second.value);
    history.end(first, 1, first.value);
    expect(() => history.check()).not.toThrow();
  });

  test("refuses in the end what clients cannot have seen, whatever the positions say", () => {
    const history = new History();
    const write = history.begin("write", 0);
    history.end(write, 1, write.value);
    history.end(history.begin("read", 0), 1, 0);
    expect(() => history.check()).toThrow(/register 0/);
  });

  test("allows a write of unknown outcome to be seen, or not", () => {
    const history = new History();
    const [seen, unseen] = [history.begin("write", 0), history.begin("write", 0)];
    history.unknown(seen);
    history.unknown(unseen);
    history.end(history.begin("read", 0), 1, seen.value);
    expect(() => history.check()).not.toThrow();
  });
});
