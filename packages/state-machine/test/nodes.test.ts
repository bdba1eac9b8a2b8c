import { beforeEach, describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus } from "../src/index.ts";
import { drain, lose, on, register, report, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 4 }));
  await harness.apply(submit({ jobId: "a", placement: on(1) }, { jobId: "b", placement: on(1) }));
});

const A = "a.2.1";
const B = "b.2.1";

describe("RegisterNode (G2)", () => {
  test("a new incarnation adopts what it names and ends the rest, which runs again", async () => {
    const adopted = [{ executionId: A, attempt: 1 }];
    expect(await harness.apply(register(1, { incarnation: 2, adopted }))).toEqual({
      kind: "registered",
      nodeId: 1,
      incarnation: 2,
      adopted,
      refused: [],
      ended: [{ executionId: B, attempt: 1 }],
    });
    expect(harness.store.running(1)).toMatchObject([{ executionId: A, nodeIncarnation: 2 }]);
    expect(await harness.store.queueHead(9)).toMatchObject([{ executionId: B, attempt: 2 }]);
    expect(await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED, { nodeIncarnation: 1 }))).toMatchObject(
      { items: [{ reason: "FENCED" }] },
    );
    expect(await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED, { nodeIncarnation: 2 }))).toMatchObject(
      { items: [{ status: ExecutionStatus.COMPLETED }] },
    );
  });

  test("what is not its own any more cannot be adopted", async () => {
    await harness.apply(report(B, 1, AttemptOutcome.SUCCEEDED));
    const adopted = [
      { executionId: A, attempt: 9 },
      { executionId: B, attempt: 1 },
      { executionId: "x.1.1", attempt: 1 },
    ];
    expect(await harness.apply(register(1, { incarnation: 2, adopted }))).toMatchObject({
      adopted: [],
      refused: adopted,
      ended: [{ executionId: A }],
    });
  });

  test("an older incarnation is stale, and so is a lost one that comes back without a new start", async () => {
    await harness.apply(register(1, { incarnation: 5 }));
    expect(await harness.apply(register(1, { incarnation: 4 }))).toMatchObject({
      error: { code: "STALE_INCARNATION" },
    });
    await harness.apply(lose(1, 5));
    expect(await harness.apply(register(1, { incarnation: 5 }))).toMatchObject({
      error: { code: "STALE_INCARNATION" },
    });
    await harness.apply(register(1, { incarnation: 6 }));
    expect(harness.store.node(1)).toMatchObject({ incarnation: 6, lost: false });
  });

  test("a repeated registration ends nothing that was assigned since", async () => {
    expect(await harness.apply(register(1, { adopted: [{ executionId: A, attempt: 1 }] }))).toMatchObject({
      kind: "registered",
      adopted: [{ executionId: A, attempt: 1 }],
      ended: [],
    });
    expect(harness.store.runningOn(1)).toBe(2);
  });

  test("another uuid under a known id is refused (G1)", async () => {
    expect(await harness.apply(register(1, { incarnation: 9, uuid: "other" }))).toMatchObject({
      error: { code: "NODE_IDENTITY_CONFLICT" },
    });
  });

  test("node records tell what the node offers", async () => {
    await harness.apply(register(2, { labels: { zone: "b" }, missingExecutors: { docker: "no socket" }, maxLeaseMs: 9_000 }));
    expect(harness.store.nodes().map(({ id }) => id)).toEqual([1, 2]);
    expect(harness.store.node(2)).toMatchObject({
      labels: { zone: "b" },
      missingExecutors: { docker: "no socket" },
      maxLeaseMs: 9_000,
      registeredAtMs: 1_000_000,
    });
  });
});

describe("MarkNodesLost", () => {
  test("another incarnation, an unknown node and a lost one are ignored", async () => {
    expect(await harness.apply(lose(1, 2))).toMatchObject({ items: [{ reason: "STALE" }] });
    expect(await harness.apply(lose(7))).toMatchObject({ items: [{ reason: "UNKNOWN" }] });
    await harness.apply(lose(1));
    expect(await harness.apply(lose(1))).toMatchObject({ items: [{ reason: "ALREADY" }] });
    expect(harness.store.runningOn(1)).toBe(0);
  });
});

describe("SetNodeDraining", () => {
  test("draining survives restarts of the store and of the node, and can be undone", async () => {
    await harness.apply(drain(1));
    await harness.reopen();
    await harness.apply(register(1, { incarnation: 2, adopted: [] }));
    expect(harness.store.node(1)).toMatchObject({ draining: true, incarnation: 2 });
    await harness.apply(drain(1, false));
    expect(harness.store.node(1)).toMatchObject({ draining: false });
  });

  test("an unknown node is not found", async () => {
    expect(await harness.apply(drain(9))).toMatchObject({ error: { code: "NODE_NOT_FOUND" } });
  });
});
