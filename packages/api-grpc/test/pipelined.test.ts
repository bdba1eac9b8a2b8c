import { expect, test } from "@jest/globals";
import { pipelined } from "../src/pipelined.ts";
import { until } from "./calls.ts";

const each = { weightOf: () => 1, maxWeight: 3 };

/** Numbers that are read one at a time, with a count of how many were. */
function numbers(count: number) {
  const source = {
    read: 0,
    async *[Symbol.asyncIterator]() {
      while (source.read < count) yield await Promise.resolve(++source.read);
    },
  };
  return source;
}

async function take<T>(source: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of source) taken.push(value);
  return taken;
}

test("answers come in the order of completion, and every request has one", async () => {
  const open = new Map<number, () => void>();
  const answering = take(
    pipelined(
      numbers(3),
      (n) =>
        new Promise<number>((resolve) =>
          open.set(n, () => {
            resolve(n);
          }),
        ),
      each,
    ),
  );
  for (const n of [3, 1, 2]) {
    await until(() => open.has(n));
    open.get(n)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await answering).toEqual([3, 1, 2]);
});

test("reads no further than the weight at work allows", async () => {
  const source = numbers(10);
  const open: (() => void)[] = [];
  const answering = take(
    pipelined(
      source,
      (n) =>
        new Promise<number>((resolve) =>
          open.push(() => {
            resolve(n);
          }),
        ),
      each,
    ),
  );
  await until(() => open.length === 3);
  await new Promise((resolve) => setImmediate(resolve));
  expect(source.read).toBe(3);
  open.shift()?.();
  await until(() => open.length === 3);
  expect(source.read).toBe(4);
  const drain = setInterval(() => open.shift()?.(), 0);
  expect(await answering).toHaveLength(10);
  clearInterval(drain);
});

test("reads nothing more while its answers are not taken", async () => {
  const source = numbers(1_000);
  const answers = pipelined(source, (n) => Promise.resolve(n), each);
  await answers.next();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(source.read).toBeLessThanOrEqual(4);
  expect((await take(answers)).length).toBe(999);
});

test("one request may weigh more than all that is allowed, and goes alone", async () => {
  const answers = pipelined(numbers(4), (n) => Promise.resolve(n), { weightOf: () => 100, maxWeight: 3 });
  expect(await take(answers)).toEqual([1, 2, 3, 4]);
});

test("a source that fails ends it with that failure", async () => {
  async function* failing(): AsyncGenerator<number, void, undefined> {
    yield* await Promise.reject<number[]>(new Error("broken pipe"));
  }
  await expect(take(pipelined(failing(), (n) => Promise.resolve(n), each))).rejects.toThrow("broken pipe");
});
