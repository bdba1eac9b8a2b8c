import { expect, test } from "@jest/globals";
import { Closers } from "../src/closers.ts";

test("what was opened last is closed first, one after the other", async () => {
  const order: string[] = [];
  const closers = new Closers(() => {});
  closers.add("first", () => order.push("first"));
  closers.add("second", async () => {
    await Promise.resolve();
    order.push("second");
  });
  closers.add("third", () => order.push("third"));
  await closers.closeAll();
  expect(order).toEqual(["third", "second", "first"]);
});

test("what cannot be closed is told, and keeps nothing else open", async () => {
  const failures: string[] = [];
  const closed: string[] = [];
  const closers = new Closers((error, what) => failures.push(`${what}: ${(error as Error).message}`));
  closers.add("log", () => closed.push("log"));
  closers.add("state", () => Promise.reject(new Error("busy")));
  closers.add("server", () => {
    throw new Error("gone");
  });
  await closers.closeAll();
  expect(failures).toEqual(["server: gone", "state: busy"]);
  expect(closed).toEqual(["log"]);
});

test("each is closed once, and what is added while closing is closed as well", async () => {
  const closed: string[] = [];
  const closers = new Closers(() => {});
  closers.add("outer", () => {
    closed.push("outer");
    if (closed.length === 1) closers.add("late", () => closed.push("late"));
  });
  await closers.closeAll();
  await closers.closeAll();
  expect(closed).toEqual(["outer", "late"]);
});
