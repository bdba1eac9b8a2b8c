import { expect, test } from "@jest/globals";
import { Gatherer } from "../src/gatherer.ts";
import { settled } from "./manual-clock.ts";

function doubling(fail = false) {
  const sent: (readonly number[])[] = [];
  const contexts: string[] = [];
  const batches = new Gatherer<number, number, string>({
    send: (items, context) => {
      sent.push(items);
      contexts.push(context);
      return fail ? Promise.reject(new Error("lost")) : Promise.resolve(items.map((item) => item * 2));
    },
    maxItems: 4,
    maxBytes: 100,
    maxUnderWay: 1,
  });
  return { batches, sent, contexts };
}

test("what arrives in one turn goes together, and each gets its own back", async () => {
  const { batches, sent } = doubling();
  const results = await Promise.all([batches.add("a", [1, 2], 1, ""), batches.add("a", [3], 1, "")]);
  expect(results).toEqual([[2, 4], [6]]);
  expect(sent).toEqual([[1, 2, 3]]);
});

test("what arrives alone goes alone, without waiting", async () => {
  const { batches, sent } = doubling();
  const first = batches.add("a", [1], 1, "");
  await settled();
  expect(sent).toEqual([[1]]);
  await first;
  expect(await batches.add("a", [2], 1, "")).toEqual([4]);
  expect(sent).toEqual([[1], [2]]);
});

test("what arrives while a call is under way goes together when it is answered", async () => {
  const answers: (() => void)[] = [];
  const sent: (readonly number[])[] = [];
  const gatherer = new Gatherer<number, number, string>({
    send: (items) => {
      sent.push(items);
      return new Promise((resolve) =>
        answers.push(() => {
          resolve(items);
        }),
      );
    },
    maxItems: 10,
    maxBytes: 100,
    maxUnderWay: 2,
  });
  const all = [];
  for (const item of [1, 2, 3, 4, 5]) {
    all.push(gatherer.add("a", [item], 1, ""));
    await settled();
  }
  expect(sent).toEqual([[1], [2]]);
  answers[1]?.();
  await settled();
  expect(sent).toEqual([[1], [2], [3, 4, 5]]);
  for (const answer of answers) answer();
  expect(await Promise.all(all)).toEqual([[1], [2], [3], [4], [5]]);
  await settled();
  expect(gatherer.groups).toBe(0);
});

test("groups never mix", async () => {
  const { batches, sent, contexts } = doubling();
  await Promise.all([
    batches.add("a", [1], 1, "alice"),
    batches.add("b", [2], 1, "bob"),
    batches.add("a", [3], 1, "alice"),
  ]);
  expect(sent).toEqual([[1, 3], [2]]);
  expect(contexts).toEqual(["alice", "bob"]);
});

test("a batch that is full is followed by another, by count and by bytes", async () => {
  const { batches, sent } = doubling();
  await Promise.all([1, 2, 3, 4, 5].map((item) => batches.add("a", [item], 1, "")));
  expect(sent).toEqual([[1, 2, 3, 4], [5]]);
  sent.length = 0;
  await Promise.all([1, 2, 3].map((item) => batches.add("a", [item], 50, "")));
  expect(sent).toEqual([[1, 2], [3]]);
});

test("a batch that fails fails for all that are in it", async () => {
  const { batches } = doubling(true);
  const outcomes = await Promise.allSettled([batches.add("a", [1], 1, ""), batches.add("a", [2], 1, "")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
