import { beforeEach, describe, expect, test } from "@jest/globals";
import { cancel, drain, purge, register, remove, settings, submit } from "./support/bodies.ts";
import { checkConsistency } from "./support/check-consistency.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(submit({ jobId: "a" }, { jobId: "b" }));
});

function uuidV7(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000001`;
}

describe("request ids (G10)", () => {
  test("a retry is told the stored result and does nothing", async () => {
    const first = await harness.apply(cancel("a"), { requestId: "r1" });
    harness.timeMs += 10;
    expect(await harness.apply(cancel("a"), { requestId: "r1" })).toEqual(first);
    expect(await harness.apply(cancel("a"))).toMatchObject({ error: { code: "JOB_ALREADY_FINISHED" } });
  });

  test("a refusal is remembered as well", async () => {
    await harness.apply(cancel("later"), { requestId: "r1" });
    await harness.apply(submit({ jobId: "later" }));
    expect(await harness.apply(cancel("later"), { requestId: "r1" })).toMatchObject({
      error: { code: "JOB_NOT_FOUND" },
    });
  });

  test("the same id for another request is a conflict", async () => {
    await harness.apply(cancel("a"), { requestId: "r1" });
    expect(await harness.apply(cancel("b"), { requestId: "r1" })).toMatchObject({
      error: { code: "REQUEST_CONFLICT" },
    });
    expect(await harness.apply(drain(1), { requestId: "r1" })).toMatchObject({
      error: { code: "REQUEST_CONFLICT" },
    });
  });

  test("ids survive a restart", async () => {
    const first = await harness.apply(remove("a"), { requestId: "r1" });
    await harness.reopen();
    expect(await harness.apply(remove("a"), { requestId: "r1" })).toEqual(first);
  });

  test("an id that says it is older than the window is expired", async () => {
    harness.timeMs = 1_800_000_000_000;
    await harness.apply(purge());
    expect(await harness.apply(cancel("a"), { requestId: uuidV7(harness.timeMs - 3_600_001) })).toMatchObject(
      { error: { code: "REQUEST_EXPIRED" } },
    );
    expect(await harness.apply(cancel("a"), { requestId: uuidV7(harness.timeMs - 3_600_000) })).toMatchObject(
      { kind: "cancelled" },
    );
  });

  test("the table shrinks while it is used, a bounded amount at a time, in log time", async () => {
    await harness.apply(settings({ requestWindowMs: 1_000 }));
    for (let i = 0; i < 5; i++) await harness.apply(drain(9), { requestId: `old-${i}` });
    harness.timeMs += 2_001;
    await harness.apply(drain(9), { requestId: "new" });
    await checkConsistency(harness.store, harness.directory);
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: true, requests: true });
    expect(await harness.apply(purge(100))).toMatchObject({ requests: 3 });
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: false });
    await harness.apply(register(9));
    expect(await harness.apply(drain(9), { requestId: "old-0" })).toMatchObject({ kind: "drainingSet" });
    expect(await harness.apply(drain(9), { requestId: "new" })).toMatchObject({
      error: { code: "NODE_NOT_FOUND" },
    });
  });
});
