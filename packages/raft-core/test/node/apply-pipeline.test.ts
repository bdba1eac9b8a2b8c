import { expect, test } from "@jest/globals";
import type { Entry, StateMachine } from "../../src/index.ts";
import { ApplyPipeline } from "../../src/node/apply-pipeline.ts";
import { eventLoopTurn, gate } from "./cluster.ts";

function entry(index: number, sizeBytes = 1): Entry {
  return { index, term: 1, type: "normal", data: new Uint8Array(sizeBytes) };
}

function under(
  apply: (entries: readonly Entry[]) => Promise<number[]>,
  limits = { maxEntries: 100, maxBytes: 100 },
) {
  const log: string[] = [];
  const batches: number[][] = [];
  const machine: Pick<StateMachine<number>, "apply"> = {
    apply(entries) {
      batches.push(entries.map(({ index }) => index));
      return apply(entries);
    },
  };
  const pipeline = new ApplyPipeline(machine as StateMachine<number>, {
    ...limits,
    onApplied: (entries, results) => log.push(`applied ${entries.length} ${results.join()}`),
    onFailed: (error) => log.push(`failed ${(error as Error).message}`),
  });
  return { pipeline, log, batches };
}

const indexes = (entries: readonly Entry[]): Promise<number[]> =>
  Promise.resolve(entries.map(({ index }) => index));

test("one batch is under way at a time; what gathers meanwhile is the next", async () => {
  const first = gate();
  let calls = 0;
  const { pipeline, batches, log } = under(async (entries) => {
    if (++calls === 1) await first.opened;
    return indexes(entries);
  });
  pipeline.push([entry(1)]);
  await eventLoopTurn();
  pipeline.push([entry(2), entry(3)]);
  pipeline.push([entry(4)]);
  await eventLoopTurn();
  expect(batches).toEqual([[1]]);
  first.open();
  await pipeline.idle();
  expect(batches).toEqual([[1], [2, 3, 4]]);
  expect(log).toEqual(["applied 1 1", "applied 3 2,3,4"]);
});

test("a batch is bounded by entries and by bytes, and one large entry goes alone", async () => {
  const { pipeline, batches } = under(indexes, { maxEntries: 3, maxBytes: 10 });
  pipeline.push([entry(1), entry(2), entry(3), entry(4), entry(5, 50), entry(6, 5), entry(7, 5), entry(8)]);
  await pipeline.idle();
  expect(batches).toEqual([[1, 2, 3], [4], [5], [6, 7], [8]]);
});

test("a failure is final", async () => {
  const { pipeline, log, batches } = under(() => Promise.reject(new Error("disk")));
  pipeline.push([entry(1)]);
  await pipeline.idle();
  pipeline.push([entry(2)]);
  await pipeline.idle();
  expect([log, batches]).toEqual([["failed disk"], [[1]]]);
});

test("a state machine that throws at once has failed too", async () => {
  const { pipeline, log } = under(() => {
    throw new Error("thrown");
  });
  pipeline.push([entry(1)]);
  await pipeline.idle();
  expect(log).toEqual(["failed thrown"]);
});

test("a missing result breaks the contract", async () => {
  const { pipeline, log } = under(() => Promise.resolve([]));
  pipeline.push([entry(1)]);
  await pipeline.idle();
  expect(log).toEqual([expect.stringContaining("0 results for 1 entries")]);
});

test("after halt the batch under way ends unheard and no other begins", async () => {
  const first = gate();
  const { pipeline, log, batches } = under(async (entries) => {
    await first.opened;
    return indexes(entries);
  });
  pipeline.push([entry(1)]);
  await eventLoopTurn();
  pipeline.push([entry(2)]);
  pipeline.halt();
  first.open();
  await pipeline.idle();
  expect([log, batches]).toEqual([[], [[1]]]);
});
